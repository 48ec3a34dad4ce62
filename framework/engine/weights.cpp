#include "engine/weights.hpp"

#include "engine/safetensors.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>

namespace spar::host {

void save_weights(const Network &network, const std::filesystem::path &path) {
    std::vector<TensorToSave> tensors;
    for (const NetworkParameter &p : network.parameters())
        tensors.push_back({p.name, p.shape, p.value});
    save_safetensors(path, tensors);
}

void load_weights(Network &network, const std::filesystem::path &path) {
    LoadedTensors file = load_safetensors(path);
    std::string faults;
    for (const NetworkParameter &p : network.parameters()) {
        const auto found = file.tensors.find(p.name);
        if (found == file.tensors.end()) {
            faults += fmt::format("\n  \"{}\" {} is missing", p.name, shape_text(p.shape));
            continue;
        }
        if (found->second.shape != p.shape)
            faults += fmt::format("\n  \"{}\" is {}, the model's is {}", p.name,
                                  shape_text(found->second.shape), shape_text(p.shape));
        else if (!std::ranges::all_of(found->second.values,
                                      [](float v) { return std::isfinite(v); }))
            faults += fmt::format("\n  \"{}\" holds values that are not numbers", p.name);
        else if (faults.empty())
            std::ranges::copy(found->second.values, p.value.begin());
        file.tensors.erase(found);
    }
    for (const auto &[name, tensor] : file.tensors)
        if (!tensor.of_integers)  // those count or number something; PyTorch's files may hold some
            faults +=
                fmt::format("\n  \"{}\" {} is not in the model", name, shape_text(tensor.shape));
    if (!faults.empty())
        throw Failure(Exit::data, fmt::format("#/model/weights: {} does not fit the model:{}",
                                              path.string(), faults));
    network.parameters_changed();
}

}  // namespace spar::host
