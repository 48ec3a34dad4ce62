// What the model gave where it was exported, if that lies beside its file.
#pragma once

#include "file/tensor.hpp"

#include <optional>

namespace onnx {

/// Inputs and outputs, as ONNX's own tests name them: test_data_set_0/input_0.pb, output_0.pb.
struct Recorded {
    Tensor inputs, outputs;
    std::int64_t rows = 0;
};

/// Nothing if there is none, or if it has other sizes an example than the model.
std::optional<Recorded> find_recorded(const std::string &model, std::int64_t input_size,
                                      std::int64_t output_size);
/// The largest difference, divided by the largest recorded output.
double difference(const Recorded &recorded, const std::vector<float> &outputs);

}  // namespace onnx
