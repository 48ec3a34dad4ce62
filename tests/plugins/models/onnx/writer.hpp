// ONNX files of a few nodes, byte by byte, also ones that no exporter writes.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace writer {

inline std::string varint(std::uint64_t value) {
    std::string bytes;
    for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(0x80 | (value & 0x7F));
    return bytes + static_cast<char>(value);
}

inline std::string integer(unsigned field, std::uint64_t value) {
    return varint(field << 3) + varint(value);
}

inline std::string bytes(unsigned field, const std::string &content) {
    return varint(field << 3 | 2) + varint(content.size()) + content;
}

inline std::string tensor(const std::string &name, const std::vector<std::int64_t> &dims,
                          const std::vector<float> &values) {
    std::string raw(values.size() * sizeof(float), '\0');
    if (!values.empty()) std::memcpy(raw.data(), values.data(), raw.size());
    std::string all;
    for (const std::int64_t dim : dims) all += integer(1, static_cast<std::uint64_t>(dim));
    return all + integer(2, 1) + bytes(8, name) + bytes(9, raw);
}

inline std::string integers(const std::string &name, const std::vector<std::int64_t> &values) {
    std::string raw(values.size() * 8, '\0');
    if (!values.empty()) std::memcpy(raw.data(), values.data(), raw.size());
    return integer(1, values.size()) + integer(2, 7) + bytes(8, name) + bytes(9, raw);
}

struct Node {
    std::string type;
    std::vector<std::string> inputs, outputs;
    std::string attributes = {}, domain = {};

    std::string message() const {
        std::string all;
        for (const std::string &name : inputs) all += bytes(1, name);
        for (const std::string &name : outputs) all += bytes(2, name);
        all += bytes(3, "the_" + type) + bytes(4, type);
        if (!domain.empty()) all += bytes(7, domain);
        return all + attributes;
    }
};

/// An attribute of a node.
inline std::string list(const std::string &name, const std::vector<std::uint64_t> &values) {
    std::string all = bytes(1, name);
    for (const std::uint64_t value : values) all += integer(8, value);
    return bytes(5, all + integer(20, 7));
}

/// dims: -1 is a symbol.
inline std::string port(const std::string &name, const std::vector<std::int64_t> &dims,
                        int type = 1) {
    std::string shape;
    for (const std::int64_t dim : dims)
        shape += bytes(1, dim < 0 ? bytes(2, "n") : integer(1, static_cast<std::uint64_t>(dim)));
    return bytes(1, name) +
           bytes(2, bytes(1, integer(1, static_cast<std::uint64_t>(type)) + bytes(2, shape)));
}

struct File {
    std::vector<Node> nodes;
    std::vector<std::string> tensors = {};
    std::vector<std::string> inputs = {port("x", {-1, 4})};
    std::string output = "y";
    std::uint64_t opset = 17;

    std::string text() const {
        std::string graph;
        for (const Node &node : nodes) graph += bytes(1, node.message());
        for (const std::string &tensor : tensors) graph += bytes(5, tensor);
        for (const std::string &input : inputs) graph += bytes(11, input);
        graph += bytes(12, port(output, {-1, 4}));
        return integer(1, 8) + bytes(7, graph) + bytes(8, integer(2, opset));
    }
};

}  // namespace writer
