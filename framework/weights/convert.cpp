#include "weights/convert.hpp"

#include "base/failure.hpp"
#include "weights/safetensors.hpp"
#include "weights/weight_map.hpp"

#include <spar/tensor.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace spar::host {

Json convert_weights(const Conversion &conversion) {
    const auto file = open_tensors(conversion.from, conversion.key);
    std::vector<std::string> names;
    for (const auto &[name, tensor] : file->tensors()) names.push_back(name);
    try {
        const WeightMap map({.prefix = conversion.prefix}, names);
    } catch (const std::runtime_error &error) {
        throw Failure(Exit::data,
                      fmt::format("{}: its names:{}", conversion.from.string(), error.what()));
    }
    std::vector<std::string> contents;
    contents.reserve(names.size());
    std::vector<TensorToSave> tensors;
    std::int64_t numbers = 0;
    std::map<std::string, std::int64_t> types;
    for (const auto &[name, tensor] : file->tensors()) {
        const bool shortened = name.starts_with(conversion.prefix);
        contents.push_back(file->bytes(name));
        tensors.push_back({.name = shortened ? name.substr(conversion.prefix.size()) : name,
                           .shape = tensor.shape,
                           .values = {},
                           .bytes = contents.back(),
                           .type = tensor.type});
        numbers += product(tensor.shape);
        ++types[tensor.type];
    }
    std::map<std::string, std::string> metadata = file->metadata();
    metadata.emplace("format", "pt");  // without it, Hugging Face's libraries refuse the file
    save_safetensors(conversion.to, tensors, metadata);
    return {{"tensors", tensors.size()}, {"numbers", numbers}, {"types", types}};
}

}  // namespace spar::host
