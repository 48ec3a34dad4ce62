#include "import/recorded.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>

namespace onnx {

std::optional<Recorded> find_recorded(const std::string &model, std::int64_t input_size,
                                      std::int64_t output_size) {
    namespace fs = std::filesystem;
    const fs::path folder = fs::path(model).parent_path() / "test_data_set_0";
    std::error_code error;
    if (!fs::is_regular_file(folder / "input_0.pb", error) ||
        !fs::is_regular_file(folder / "output_0.pb", error))
        return std::nullopt;
    Recorded recorded{read_tensor((folder / "input_0.pb").string()),
                      read_tensor((folder / "output_0.pb").string()), 0};
    const auto &in = recorded.inputs, &out = recorded.outputs;
    recorded.rows = in.dims.empty() ? 0 : in.dims[0];
    if (recorded.rows < 1 || std::ssize(in.floats) != recorded.rows * input_size ||
        std::ssize(out.floats) != recorded.rows * output_size)
        return std::nullopt;
    return recorded;
}

double difference(const Recorded &recorded, const std::vector<float> &outputs) {
    double largest = 0, most = 0;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        const double wanted = recorded.outputs.floats[i];
        largest = std::max(largest, std::abs(wanted));
        const double gap = std::abs(wanted - outputs[i]);
        most = std::isnan(gap) ? INFINITY : std::max(most, gap);
    }
    return largest > 0 ? most / largest : most;
}

}  // namespace onnx
