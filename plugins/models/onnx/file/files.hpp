// Whole files, and the part of one that holds a tensor.
#pragma once

#include <cstdint>
#include <string>

namespace onnx {

/// All bytes of a regular file. Throws spar::bad_data.
std::string read_file(const std::string &path);

/// Where a tensor lies outside its model's file.
struct Elsewhere {
    std::string location;  /// relative to the model's folder
    std::uint64_t offset = 0, length = 0;
};

/// The bytes of a tensor. Refuses absolute names, `..`, and links that lead out of the folder: a
/// model from elsewhere must not be able to read this machine's other files.
std::string read_elsewhere(const std::string &folder, const Elsewhere &place);

}  // namespace onnx
