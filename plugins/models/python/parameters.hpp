// The parameters of the user's net, in memory that the child computes with.
#pragma once

#include "memory.hpp"

#include <string>
#include <vector>

namespace python {

struct Parameter {
    std::string name;
    bool trainable = false;
    std::vector<std::int64_t> shape;
    float *value = nullptr, *gradient = nullptr;  // no gradient of what is not trained
};

/// Reads the child's table, a line for each: "1\tfc.weight\t10 784", 1 where it is trained. Then
/// finds each in the memory: value and gradient follow each other, aligned, in the table's order.
std::vector<Parameter> read_parameters(const std::string &table, SharedMemory &memory);

}  // namespace python
