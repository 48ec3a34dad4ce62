// Which tensors of a file become which parameters, by names and shapes alone.
#pragma once

#include "base/json.hpp"
#include "engine/network.hpp"
#include "weights/tensor_file.hpp"
#include "weights/weight_map.hpp"

namespace spar::host {

/// What became of a file's tensors and a model's parameters.
struct FittedWeights {
    struct Taken {
        const NetworkParameter *parameter;
        std::vector<std::string> tensors;  // by the file's names, in this order
    };
    struct Reshaped {
        std::string parameter;
        std::vector<std::int64_t> found, wanted;
    };
    std::vector<Taken> taken;
    std::vector<std::string> missing, unused;  // parameters; tensors
    std::vector<Reshaped> reshaped;
    std::map<std::string, std::int64_t> types;  // how many tensors of each were taken

    bool whole() const { return missing.empty() && unused.empty() && reshaped.empty(); }
};

/// Throws Failure with everything that does not fit: Exit::data, or Exit::pipeline if the map names
/// parameters that the model does not have. Under a map that is not strict, what is missing, unused
/// or of another shape is no fault, unless nothing at all fits.
FittedWeights fit_weights(const Network &network, const TensorFile &file,
                          const std::filesystem::path &path, const WeightsMapPlan &map);

/// Throws Failure(Exit::data): the file does not fit the model.
[[noreturn]] void refuse_weights(const std::filesystem::path &path, const std::string &what);

/// For the results.
Json to_json(const FittedWeights &fitted);
/// Warns of numbers that were rounded, and of what did not fit.
void warn_of(const FittedWeights &fitted, const std::filesystem::path &path);

/// PyTorch's count of the batches that a normalisation has seen; old files lack it, and nothing
/// reads it.
bool is_batch_count(const std::string &name);

}  // namespace spar::host
