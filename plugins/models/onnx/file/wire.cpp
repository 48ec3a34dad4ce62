#include "file/wire.hpp"

#include <bit>
#include <cstring>

namespace onnx {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

void Wire::refuse(const std::string &fault) const {
    throw spar::bad_data("not a sound ONNX file: in " + std::string(what_) + ", " + fault);
}

std::string_view Wire::take(std::string_view &from, std::uint64_t count) const {
    if (count > from.size())
        refuse("a field should have " + std::to_string(count) + " bytes, and " +
               std::to_string(from.size()) + " are left; the file may be cut off");
    const std::string_view taken = from.substr(0, count);
    from.remove_prefix(count);
    return taken;
}

std::uint64_t Wire::take_varint(std::string_view &from) const {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        const auto byte = static_cast<unsigned char>(take(from, 1)[0]);
        value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
        if (byte < 0x80) return value;
    }
    refuse("a number has more than ten bytes");
}

bool Wire::next() {
    if (rest_.empty()) return false;
    const std::uint64_t tag = take_varint(rest_);
    if (tag >> 3 == 0 || tag >> 3 > 0x1FFFFFFF)
        refuse("a field has the number " + std::to_string(tag >> 3));
    field_ = static_cast<std::uint32_t>(tag >> 3);
    switch (tag & 7) {
        case 0:
            kind_ = Kind::varint;
            break;
        case 1:
            kind_ = Kind::wide;
            break;
        case 2:
            kind_ = Kind::bytes;
            break;
        case 5:
            kind_ = Kind::narrow;
            break;
        default:
            refuse("a field has the unknown kind " + std::to_string(tag & 7));
    }
    bytes_ = {};
    value_ = 0;
    if (kind_ == Kind::varint) value_ = take_varint(rest_);
    if (kind_ == Kind::bytes) bytes_ = take(rest_, take_varint(rest_));
    if (kind_ == Kind::narrow) bytes_ = take(rest_, 4);
    if (kind_ == Kind::wide) bytes_ = take(rest_, 8);
    return true;
}

std::int64_t Wire::integer() const {
    if (kind_ != Kind::varint) refuse("field " + std::to_string(field_) + " is no integer");
    return static_cast<std::int64_t>(value_);
}

float Wire::number() const {
    if (kind_ != Kind::narrow) refuse("field " + std::to_string(field_) + " is no number");
    float value = 0;
    std::memcpy(&value, bytes_.data(), sizeof value);
    return value;
}

std::string_view Wire::bytes() const {
    if (kind_ != Kind::bytes) refuse("field " + std::to_string(field_) + " has no bytes");
    return bytes_;
}

void Wire::add_integers(std::vector<std::int64_t> &to, std::size_t most) const {
    if (kind_ == Kind::varint) {
        to.push_back(integer());
    } else {
        for (std::string_view rest = bytes(); !rest.empty() && to.size() <= most;)
            to.push_back(static_cast<std::int64_t>(take_varint(rest)));
    }
    if (to.size() > most) refuse("a row has more than " + std::to_string(most) + " numbers");
}

template <class T>
void Wire::add_fixed(std::vector<T> &to, std::size_t most, Kind alone) const {
    if (kind_ != alone && kind_ != Kind::bytes)
        refuse("field " + std::to_string(field_) + " is no row of numbers");
    const std::size_t count = bytes_.size() / sizeof(T), before = to.size();
    if (bytes_.size() % sizeof(T) != 0) refuse("a row of numbers ends within one");
    if (count > most - std::min(before, most))
        refuse("a row has more than " + std::to_string(most) + " numbers");
    if (count == 0) return;
    to.resize(before + count);
    std::memcpy(to.data() + before, bytes_.data(), bytes_.size());
}

void Wire::add_numbers(std::vector<float> &to, std::size_t most) const {
    add_fixed(to, most, Kind::narrow);
}

void Wire::add_wide_numbers(std::vector<double> &to, std::size_t most) const {
    add_fixed(to, most, Kind::wide);
}

}  // namespace onnx
