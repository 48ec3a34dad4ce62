// The IDX format: 00 00, the type of the elements, the number of dimensions, the dimensions as
// big-endian 32-bit numbers, the elements in row-major order. Plain or gzipped.
#pragma once

#include "../common/array.hpp"
#include "../common/gzip.hpp"

#include <optional>

namespace idx {

using datasets::Bytes, datasets::Element, datasets::InputFile, datasets::wrong;

inline std::optional<Element> element(std::uint8_t code) {
    switch (code) {
        case 0x08:
            return Element{Element::Unsigned, 1, true};
        case 0x09:
            return Element{Element::Signed, 1, true};
        case 0x0B:
            return Element{Element::Signed, 2, true};
        case 0x0C:
            return Element{Element::Signed, 4, true};
        case 0x0D:
            return Element{Element::Float, 4, true};
        case 0x0E:
            return Element{Element::Float, 8, true};
        default:
            return std::nullopt;
    }
}

inline std::string hex(std::span<const std::uint8_t> bytes) {
    std::string text;
    for (const std::uint8_t byte : bytes) {
        char digits[4];
        std::snprintf(digits, sizeof digits, "%02x ", byte);
        text += digits;
    }
    if (!text.empty()) text.pop_back();
    return text;
}

struct Header {
    datasets::Header array;
    std::int64_t size = 0;     /// of the header
    std::int64_t content = 0;  /// of header and elements
};

inline Header parse_header(const InputFile &file, std::span<const std::uint8_t> first) {
    const std::string &path = file.path();
    const auto magic = first.first(std::min<std::size_t>(first.size(), 4));
    const auto type = magic.size() == 4 ? element(magic[2]) : std::nullopt;
    if (!type || magic[0] != 0 || magic[1] != 0 || magic[3] == 0) {
        const std::string kind = file.kind();
        throw wrong(path, "is no IDX file" + (kind.empty() ? "" : " but " + kind) +
                              ": it begins with " + (magic.empty() ? "nothing" : hex(magic)) +
                              ", expected 00 00, a type (08, 09, 0b, 0c, 0d or 0e) and a number of "
                              "dimensions");
    }
    const std::int64_t size = 4 + 4 * std::int64_t{magic[3]};
    if (static_cast<std::int64_t>(first.size()) < size)
        throw wrong(path, "is cut off in its header: expected " + std::to_string(size) +
                              " bytes, found " + std::to_string(first.size()));
    Header header{{path, *type, {}, {}}, size, 0};
    std::vector<std::int64_t> &shape = header.array.shape;
    for (std::size_t i = 0; i < magic[3]; ++i)
        shape.push_back(datasets::load_word<std::uint32_t>(first.data() + 4 + 4 * i, true));
    if (__builtin_add_overflow(size, datasets::bytes_needed(path, shape, *type), &header.content))
        throw wrong(path, "its dimensions " + spar::shape_text(shape) + " overflow");
    header.array.strides = datasets::row_major(shape);
    return header;
}

/// An IDX file, whose header is read and verified first.
class File {
  public:
    explicit File(const std::string &path) : file_(path) {
        constexpr std::int64_t longest_header = 4 + 4 * 255;
        Bytes first = file_.read(0, longest_header);
        packed_ = datasets::is_gzip(first);
        if (packed_) first = datasets::Gunzip(file_).unpack(longest_header);
        header_ = parse_header(file_, first);
        if (!packed_) check_content(file_.size());
        const std::int64_t most = datasets::largest_unfolded(file_.size());
        if (packed_ && header_.content > most)
            throw wrong(path, "is cut off: its dimensions " + spar::shape_text(header().shape) +
                                  " need " + std::to_string(header_.content) + " bytes, but " +
                                  std::to_string(file_.size()) + " bytes of gzip are unpacked to " +
                                  std::to_string(most) + " at most");
    }

    const datasets::Header &header() const { return header_.array; }

    /// The content, header included; see array().
    Bytes read() const {
        if (!packed_) return file_.read(0, header_.content);
        Bytes content = datasets::Gunzip(file_).unpack(header_.content + 1);
        check_content(static_cast<std::int64_t>(content.size()));
        return content;
    }
    /// The array described by `header`, which may have reordered dimensions, over the bytes from
    /// read().
    datasets::Array array(const datasets::Header &header, const Bytes &content) const {
        return {header, std::span(content).subspan(static_cast<std::size_t>(header_.size))};
    }

  private:
    void check_content(std::int64_t found) const {
        if (found == header_.content) return;
        throw wrong(
            file_.path(),
            std::string(found < header_.content ? "is cut off" : "continues after its end") +
                ": the dimensions " + spar::shape_text(header().shape) + " need " +
                std::to_string(header_.content) + " bytes, found " +
                (found > header_.content && packed_ ? "more" : std::to_string(found)));
    }

    InputFile file_;
    Header header_;
    bool packed_ = false;
};

}  // namespace idx
