// What an ONNX file says, read and bounded but not yet understood.
#pragma once

#include "file/tensor.hpp"

#include <map>
#include <optional>

namespace onnx {

struct Attribute {
    enum class Kind : std::uint8_t {
        none,
        number,
        integer,
        text,
        tensor,
        numbers,
        integers,
        other
    };
    Kind kind = Kind::none;
    float number = 0;
    std::int64_t integer = 0;
    std::string text;
    std::vector<float> numbers;
    std::vector<std::int64_t> integers;
    Tensor tensor;
};

struct Node {
    std::string name, type, domain;
    std::vector<std::string> inputs, outputs;  /// names of tensors; an empty one is left out
    std::map<std::string, Attribute> attributes;
};

/// The name and shape of an input or output.
struct Port {
    struct Dimension {
        std::int64_t size = -1;  /// -1: not fixed
        std::string symbol;
    };
    std::string name;
    ElementType type{};
    std::optional<std::vector<Dimension>> shape;
};

struct Model {
    std::int64_t opset = 0;  /// of ONNX's own operators
    std::string producer;
    std::vector<Node> nodes;  /// in the file's order
    std::map<std::string, Tensor> initialisers;
    std::vector<std::string> initialiser_names;  /// in the file's order
    std::vector<Port> inputs, outputs;           /// inputs without initialisers
};

/// Reads a file, and tensors that lie in other files of its folder. Throws spar::bad_data.
Model read_model(const std::string &path);
/// The same from memory; `folder`: of other files.
Model parse_model(std::string_view bytes, const std::string &folder);

}  // namespace onnx
