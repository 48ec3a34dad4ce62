#include "file/tensor.hpp"

#include "file/files.hpp"
#include "file/wire.hpp"

#include <spar/kit/half.hpp>

#include <charconv>
#include <cstring>
#include <limits>

namespace onnx {
namespace {

/// The fields of a TensorProto that can hold values.
struct Fields {
    std::string_view raw;
    bool has_raw = false;
    std::vector<float> floats;
    std::vector<double> doubles;
    std::vector<std::int64_t> integers;
    bool elsewhere = false;
    Elsewhere place;
    std::uint64_t length_given = std::numeric_limits<std::uint64_t>::max();
};

[[noreturn]] void refuse(const Tensor &tensor, const std::string &fault) {
    throw spar::bad_data("the tensor \"" + tensor.name + "\" " + fault);
}

std::size_t size_of(ElementType type) {
    switch (type) {
        case ElementType::uint8:
        case ElementType::int8:
        case ElementType::boolean:
            return 1;
        case ElementType::uint16:
        case ElementType::int16:
        case ElementType::float16:
        case ElementType::bfloat16:
            return 2;
        case ElementType::float32:
        case ElementType::int32:
        case ElementType::uint32:
            return 4;
        case ElementType::int64:
        case ElementType::uint64:
        case ElementType::float64:
            return 8;
        default:
            return 0;
    }
}

template <class Stored, class To, class Convert>
void convert(std::string_view bytes, std::vector<To> &to, Convert function) {
    to.resize(bytes.size() / sizeof(Stored));
    for (std::size_t i = 0; i < to.size(); ++i) {
        Stored stored;
        std::memcpy(&stored, bytes.data() + i * sizeof stored, sizeof stored);
        to[i] = function(stored);
    }
}

void decode(Tensor &tensor, std::string_view raw) {
    const auto integer = [](auto v) { return static_cast<std::int64_t>(v); };
    const auto number = [](auto v) { return static_cast<float>(v); };
    switch (tensor.type) {
        case ElementType::float32:
            return convert<float>(raw, tensor.floats, number);
        case ElementType::float64:
            return convert<double>(raw, tensor.floats, number);
        case ElementType::float16:
            return convert<std::uint16_t>(raw, tensor.floats, spar::from_half);
        case ElementType::bfloat16:
            return convert<std::uint16_t>(raw, tensor.floats, spar::from_bfloat);
        case ElementType::boolean:
        case ElementType::uint8:
            return convert<std::uint8_t>(raw, tensor.integers, integer);
        case ElementType::int8:
            return convert<std::int8_t>(raw, tensor.integers, integer);
        case ElementType::uint16:
            return convert<std::uint16_t>(raw, tensor.integers, integer);
        case ElementType::int16:
            return convert<std::int16_t>(raw, tensor.integers, integer);
        case ElementType::int32:
            return convert<std::int32_t>(raw, tensor.integers, integer);
        case ElementType::uint32:
            return convert<std::uint32_t>(raw, tensor.integers, integer);
        case ElementType::uint64:
        case ElementType::int64:
            return convert<std::int64_t>(raw, tensor.integers, integer);
        default:
            return;
    }
}

/// Values in fields of their own, one number each.
void take_fields(Tensor &tensor, const Fields &fields) {
    const auto half = [&](float (*convert)(std::uint16_t)) {
        for (const std::int64_t bits : fields.integers)
            tensor.floats.push_back(convert(static_cast<std::uint16_t>(bits)));
    };
    if (tensor.type == ElementType::float32)
        tensor.floats = fields.floats;
    else if (tensor.type == ElementType::float64)
        tensor.floats.assign(fields.doubles.begin(), fields.doubles.end());
    else if (tensor.type == ElementType::float16)
        half(spar::from_half);
    else if (tensor.type == ElementType::bfloat16)
        half(spar::from_bfloat);
    else
        tensor.integers = fields.integers;
}

std::uint64_t offset_of(const Tensor &tensor, const std::string &text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
        refuse(tensor, "has the place \"" + text + "\" in another file, expected a number");
    return value;
}

void read_entry(const Tensor &tensor, std::string_view bytes, Fields &fields) {
    std::string key, value;
    for (Wire wire(bytes, "a tensor's place in another file"); wire.next();) {
        if (wire.field() == 1) key = wire.text();
        if (wire.field() == 2) value = wire.text();
    }
    if (key == "location") fields.place.location = value;
    if (key == "offset") fields.place.offset = offset_of(tensor, value);
    if (key == "length") fields.length_given = offset_of(tensor, value);
}

/// The number of values; refuses what no file can hold.
std::uint64_t count_of(const Tensor &tensor) {
    if (tensor.dims.size() > most_axes)
        refuse(tensor, "has " + std::to_string(tensor.dims.size()) + " axes, expected at most " +
                           std::to_string(most_axes));
    std::int64_t count = 1;
    for (const std::int64_t dim : tensor.dims) {
        if (dim < 0 || dim > most_values || (count *= dim) > most_values)
            refuse(tensor,
                   "has more than " + std::to_string(most_values) + " values, or fewer than none");
    }
    return static_cast<std::uint64_t>(count);
}

}  // namespace

std::string type_name(ElementType type) {
    switch (type) {
        case ElementType::float32:
            return "float32";
        case ElementType::float64:
            return "float64";
        case ElementType::float16:
            return "float16";
        case ElementType::bfloat16:
            return "bfloat16";
        case ElementType::boolean:
            return "bool";
        case ElementType::int64:
            return "int64";
        case ElementType::int32:
            return "int32";
        case ElementType::uint8:
            return "uint8";
        case ElementType::text:
            return "text";
        default:
            return "type " + std::to_string(static_cast<std::int32_t>(type));
    }
}

bool is_float(ElementType type) {
    return type == ElementType::float32 || type == ElementType::float64 ||
           type == ElementType::float16 || type == ElementType::bfloat16;
}

bool is_integer(ElementType type) {
    return size_of(type) > 0 && !is_float(type);
}

Tensor parse_tensor(std::string_view bytes, const std::string &folder) {
    Tensor tensor;
    Fields fields;
    std::vector<std::string_view> entries;
    const auto most = static_cast<std::size_t>(most_values);
    for (Wire wire(bytes, "a tensor"); wire.next();) {
        switch (wire.field()) {
            case 1:
                wire.add_integers(tensor.dims, most_axes + 1);
                break;
            case 2:
                tensor.type = static_cast<ElementType>(wire.integer());
                break;
            case 4:
                wire.add_numbers(fields.floats, most);
                break;
            case 5:
            case 7:
            case 11:
                wire.add_integers(fields.integers, most);
                break;
            case 8:
                tensor.name = wire.text();
                break;
            case 9:
                fields.raw = wire.bytes();
                fields.has_raw = true;
                break;
            case 10:
                wire.add_wide_numbers(fields.doubles, most);
                break;
            case 13:
                if (entries.size() < 16) entries.push_back(wire.bytes());
                break;
            case 14:
                fields.elsewhere = wire.integer() == 1;
                break;
            default:
                break;
        }
    }
    const std::uint64_t count = count_of(tensor), size = size_of(tensor.type);
    if (size == 0)
        refuse(tensor, "holds values of " + type_name(tensor.type) +
                           ", expected numbers or truth values of at least eight bits");
    std::string other;
    if (fields.elsewhere) {
        for (const std::string_view entry : entries) read_entry(tensor, entry, fields);
        fields.place.length = count * size;
        if (fields.length_given != std::numeric_limits<std::uint64_t>::max() &&
            fields.length_given != fields.place.length)
            refuse(tensor, "has " + std::to_string(fields.length_given) +
                               " bytes in another file, expected " +
                               std::to_string(fields.place.length));
        other = read_elsewhere(folder, fields.place);
        fields.raw = other;
        fields.has_raw = true;
    }
    const bool raw = fields.has_raw && !(fields.raw.empty() && count > 0);
    if (raw && fields.raw.size() != count * size)
        refuse(tensor, "has " + std::to_string(fields.raw.size()) + " bytes, expected " +
                           std::to_string(count * size));
    if (raw)
        decode(tensor, fields.raw);
    else
        take_fields(tensor, fields);
    const std::size_t there = is_float(tensor.type) ? tensor.floats.size() : tensor.integers.size();
    if (there != count)
        refuse(tensor,
               "has " + std::to_string(there) + " values, expected " + std::to_string(count));
    return tensor;
}

Tensor read_tensor(const std::string &path) {
    try {
        return parse_tensor(read_file(path), "");
    } catch (const spar::Error &error) {
        throw spar::bad_data(path + ": " + error.what());
    }
}

}  // namespace onnx
