#include "weights/elements.hpp"

#include <spar/kit/half.hpp>

#include <bit>
#include <cstdint>
#include <cstring>
#include <map>

namespace spar::host {
namespace {

static_assert(std::endian::native == std::endian::little, "the formats are little-endian");

template <class Stored>
float nearest(Stored stored) {
    return static_cast<float>(stored);
}

template <class Stored, class Convert = float (*)(Stored)>
void convert(std::string_view bytes, std::span<float> values,
             Convert &&converted = nearest<Stored>) {
    for (std::size_t i = 0; i < values.size(); ++i) {
        Stored stored;
        std::memcpy(&stored, bytes.data() + i * sizeof stored, sizeof stored);
        values[i] = converted(stored);
    }
}

}  // namespace

std::size_t element_size(const std::string &type) {
    static const std::map<std::string, std::size_t> sizes{
        {"F32", 4}, {"F64", 8}, {"F16", 2},  {"BF16", 2}, {"I64", 8}, {"I32", 4}, {"I16", 2},
        {"I8", 1},  {"U8", 1},  {"BOOL", 1}, {"U16", 2},  {"U32", 4}, {"U64", 8}};
    const auto found = sizes.find(type);
    return found == sizes.end() ? 0 : found->second;
}

void to_float(const std::string &type, std::string_view bytes, std::span<float> values) {
    if (type == "F32") convert<float>(bytes, values);
    if (type == "F64") convert<double>(bytes, values);
    if (type == "F16") convert<std::uint16_t>(bytes, values, from_half);
    if (type == "BF16") convert<std::uint16_t>(bytes, values, from_bfloat);
    if (type == "I64") convert<std::int64_t>(bytes, values);
    if (type == "I32") convert<std::int32_t>(bytes, values);
    if (type == "I16") convert<std::int16_t>(bytes, values);
    if (type == "I8") convert<std::int8_t>(bytes, values);
    if (type == "U64") convert<std::uint64_t>(bytes, values);
    if (type == "U32") convert<std::uint32_t>(bytes, values);
    if (type == "U16") convert<std::uint16_t>(bytes, values);
    if (type == "U8" || type == "BOOL") convert<std::uint8_t>(bytes, values);
}

}  // namespace spar::host
