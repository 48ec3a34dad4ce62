// The IDX format: 00 00, the type of the elements, the number of dimensions, the dimensions as
// big-endian 32-bit numbers, the elements in row-major order. Plain or gzipped.
#pragma once

#include "../common/examples.hpp"
#include "../common/gzip.hpp"

#include <optional>

namespace idx {

using datasets::Bytes, datasets::Element, datasets::wrong;

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
    Element type;
    std::vector<std::int64_t> shape;
    std::int64_t size;     /// of the header
    std::int64_t content;  /// of header and elements
};

inline Header parse_header(const std::string &path, std::span<const std::uint8_t> file) {
    const auto magic = file.first(std::min<std::size_t>(file.size(), 4));
    const auto type = magic.size() == 4 ? element(magic[2]) : std::nullopt;
    if (!type || magic[0] != 0 || magic[1] != 0 || magic[3] == 0)
        throw wrong(path, "is no IDX file: it begins with " +
                              (magic.empty() ? "nothing" : hex(magic)) +
                              ", expected 00 00, a type (08, 09, 0b, 0c, 0d or 0e) and a number of "
                              "dimensions");
    const std::int64_t size = 4 + 4 * std::int64_t{magic[3]};
    if (static_cast<std::int64_t>(file.size()) < size)
        throw wrong(path, "is cut off in its header: expected " + std::to_string(size) +
                              " bytes, found " + std::to_string(file.size()));
    Header header{*type, {}, size, 0};
    for (std::size_t i = 0; i < magic[3]; ++i)
        header.shape.push_back(datasets::load_word<std::uint32_t>(file.data() + 4 + 4 * i, true));
    if (__builtin_add_overflow(size, datasets::bytes_needed(path, header.shape, *type),
                               &header.content))
        throw wrong(path, "its dimensions " + spar::shape_text(header.shape) + " overflow");
    return header;
}

/// A file in memory; the array's bytes are the file's.
struct File {
    Bytes content;
    datasets::Array array;
};

inline File read(const std::string &path) {
    File file{datasets::read_file(path), {}};
    constexpr std::int64_t longest_header = 4 + 4 * 255;
    const bool packed = datasets::is_gzip(file.content);
    const Header header =
        packed ? parse_header(path, datasets::Gunzip(path, file.content).unpack(longest_header))
               : parse_header(path, file.content);
    if (packed) {
        const auto most =
            datasets::largest_unfolded(static_cast<std::int64_t>(file.content.size()));
        if (header.content > most)
            throw wrong(path, "its dimensions " + spar::shape_text(header.shape) + " need " +
                                  std::to_string(header.content) + " bytes, but " +
                                  std::to_string(file.content.size()) +
                                  " bytes of gzip are unpacked to " + std::to_string(most) +
                                  " at most; unpack the file if it is to be trusted");
        file.content = datasets::Gunzip(path, file.content).unpack(header.content + 1);
    }
    const auto found = static_cast<std::int64_t>(file.content.size());
    if (found != header.content)
        throw wrong(path,
                    std::string(found < header.content ? "is cut off" : "goes on behind its end") +
                        ": the dimensions " + spar::shape_text(header.shape) + " need " +
                        std::to_string(header.content) + " bytes, found " +
                        (found > header.content && packed ? "more" : std::to_string(found)));
    file.array = {path, header.type, header.shape,
                  std::span(file.content).subspan(static_cast<std::size_t>(header.size))};
    return file;
}

}  // namespace idx
