// NumPy's format for one array: a magic, a version, the length of a header, the header (a Python
// dictionary of exactly three entries, read here by its grammar and never evaluated), the elements.
#pragma once

#include "../common/array.hpp"
#include "archive.hpp"

#include <optional>

namespace npz {

using datasets::Bytes, datasets::Element, datasets::wrong;

struct NpyHeader {
    std::string descr;
    bool fortran_order = false;
    std::vector<std::int64_t> shape;
};

/// Reads {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
class NpyHeaderParser {
  public:
    NpyHeaderParser(std::string path, std::string_view text)
        : path_(std::move(path)), text_(text) {}

    NpyHeader parse() {
        bool descr = false, order = false, shape = false;
        expect('{');
        while (!accept('}')) {
            const std::string key = quoted();
            expect(':');
            if (key == "descr" && !descr)
                header_.descr = quoted(), descr = true;
            else if (key == "fortran_order" && !order)
                header_.fortran_order = boolean(), order = true;
            else if (key == "shape" && !shape)
                header_.shape = tuple(), shape = true;
            else
                throw fault("an entry \"" + key + "\"", "each of descr, fortran_order, shape once");
            if (!accept(',') && next() != '}') throw fault(found(), "a comma or }");
        }
        if (next() != '\0') throw fault(found(), "the end");
        if (!descr || !order || !shape)
            throw fault("the end", "all of descr, fortran_order and shape");
        return header_;
    }

  private:
    char next() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
        return at_ < text_.size() ? text_[at_] : '\0';
    }
    bool accept(char c) {
        if (next() != c) return false;
        ++at_;
        return true;
    }
    void expect(char c) {
        if (!accept(c)) throw fault(found(), std::string(1, c));
    }
    std::string quoted() {
        const char quote = next();
        if (quote != '\'' && quote != '"') throw fault(found(), "a quoted text");
        const std::size_t end = text_.find(quote, at_ + 1);
        if (end == std::string_view::npos) throw fault("an open quote", "its end");
        const std::string value(text_.substr(at_ + 1, end - at_ - 1));
        at_ = end + 1;
        return value;
    }
    bool boolean() {
        next();
        for (const std::string_view word : {"True", "False"})
            if (text_.substr(at_).starts_with(word)) {
                at_ += word.size();
                return word == "True";
            }
        throw fault(found(), "True or False");
    }
    std::vector<std::int64_t> tuple() {
        std::vector<std::int64_t> values;
        expect('(');
        while (!accept(')')) {
            values.push_back(whole_number());
            if (values.size() > 32) throw fault("a long shape", "32 dimensions at most");
            if (!accept(',') && next() != ')') throw fault(found(), "a comma or )");
        }
        return values;
    }
    std::int64_t whole_number() {
        std::int64_t value = 0;
        next();
        const std::size_t begin = at_;
        for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_)
            if (__builtin_mul_overflow(value, 10, &value) ||
                __builtin_add_overflow(value, text_[at_] - '0', &value))
                throw fault("a number beyond 2^63", "a dimension");
        if (at_ == begin) throw fault(found(), "a whole number");
        return value;
    }
    std::string found() {
        return next() == '\0' ? "the end" : spar::json_text(std::string(1, next()));
    }
    spar::Error fault(const std::string &there, const std::string &expected) const {
        return wrong(path_, "its header is wrong at character " + std::to_string(at_) + ": found " +
                                there + ", expected " + expected);
    }

    std::string path_;
    std::string_view text_;
    std::size_t at_ = 0;
    NpyHeader header_;
};

/// From "<f4", "|u1", ">i8" to an element.
inline Element element(const std::string &path, const std::string &descr) {
    std::optional<Element::Kind> kind;
    if (descr.size() == 3 && std::string_view("<>|=").find(descr[0]) != std::string_view::npos) {
        if (descr[1] == 'f') kind = Element::Float;
        if (descr[1] == 'i') kind = Element::Signed;
        if (descr[1] == 'u') kind = Element::Unsigned;
        if (descr == "|b1") kind = Element::Signed;  // 0 and 1, not levels of a byte
        const int size = descr[2] - '0';
        const bool known =
            size == 2 || size == 4 || size == 8 || (kind != Element::Float && size == 1);
        if (kind && known) return {*kind, size, descr[0] == '>'};
    }
    throw wrong(path,
                "holds elements of type \"" + descr +
                    "\", expected f2, f4, f8 or integers of 1 to 8 bytes; convert it with astype");
}

/// The header of the array in a member, read from its beginning and verified: the rest of the
/// member has exactly the array's size.
inline datasets::Header read_header(Member &member) {
    constexpr std::string_view magic = "\x93NUMPY";
    const std::string &path = member.path();
    const Bytes first = member.read(std::min<std::int64_t>(member.size(), 8));
    if (first.size() < 8 || !std::equal(magic.begin(), magic.end(), first.begin(),
                                        [](char a, std::uint8_t b) { return a == char(b); }))
        throw wrong(path, "is no NPY array: expected \\x93NUMPY, a version and a length, found " +
                              std::to_string(member.size()) + " other bytes");
    const int version = first[6];
    if (version < 1 || version > 3)
        throw wrong(path,
                    "has the NPY version " + std::to_string(version) + ", expected 1, 2 or 3");
    const std::int64_t begin = version == 1 ? 10 : 12, rest = member.size() - begin;
    if (rest < 0) throw wrong(path, "is cut off in its header");
    const Bytes count = member.read(begin - 8);
    const std::int64_t length = version == 1
                                    ? datasets::load_word<std::uint16_t>(count.data(), false)
                                    : datasets::load_word<std::uint32_t>(count.data(), false);
    if (length > std::min(rest, std::int64_t{1} << 20))
        throw wrong(path, "is cut off in its header: expected " + std::to_string(length) +
                              " bytes of it, found " + std::to_string(rest));
    const Bytes text = member.read(length);
    const NpyHeader header =
        NpyHeaderParser(path, {reinterpret_cast<const char *>(text.data()), text.size()}).parse();
    const Element type = element(path, header.descr);
    const std::int64_t needed = datasets::bytes_needed(path, header.shape, type);
    if (rest - length != needed)
        throw wrong(path, "its shape " + spar::shape_text(header.shape) + " needs " +
                              std::to_string(needed) + " bytes of elements, found " +
                              std::to_string(rest - length));
    if (header.shape.empty())
        throw wrong(path, "is a single number, expected one entry an example");
    return {path, type, header.shape,
            header.fortran_order ? datasets::column_major(header.shape)
                                 : datasets::row_major(header.shape)};
}

/// The elements that follow the header; its checksum is verified.
inline Bytes read_elements(Member &member, const datasets::Header &header) {
    Bytes bytes = member.read(datasets::bytes_needed(header.path, header.shape, header.type));
    member.finish();
    return bytes;
}

}  // namespace npz
