// Tensors of an ONNX file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace onnx {

/// ONNX's numbers for the types of values.
enum class ElementType : std::int32_t {
    undefined = 0,
    float32 = 1,
    uint8 = 2,
    int8 = 3,
    uint16 = 4,
    int16 = 5,
    int32 = 6,
    int64 = 7,
    text = 8,
    boolean = 9,
    float16 = 10,
    float64 = 11,
    uint32 = 12,
    uint64 = 13,
    bfloat16 = 16,
};

/// "float32"; "type 17" for one that is not read.
std::string type_name(ElementType type);
/// Whether values of the type are numbers with a fraction, integers (truth values too), or neither.
bool is_float(ElementType type);
bool is_integer(ElementType type);

/// More values than this in one tensor count as a mistake.
constexpr std::int64_t most_values = std::int64_t{1} << 28;
constexpr std::size_t most_axes = 8;

/// A tensor with its values: `floats` where the type has fractions, otherwise `integers`.
struct Tensor {
    std::string name;
    ElementType type{};
    std::vector<std::int64_t> dims;
    std::vector<float> floats;
    std::vector<std::int64_t> integers;
};

/// From a TensorProto; `folder` holds what lies outside the file. Throws spar::bad_data.
Tensor parse_tensor(std::string_view bytes, const std::string &folder);
/// A file that holds nothing but a tensor, such as input_0.pb.
Tensor read_tensor(const std::string &path);

}  // namespace onnx
