#include "weights/shards.hpp"

#include "base/failure.hpp"
#include "base/files.hpp"
#include "base/problems.hpp"
#include "base/words.hpp"
#include "text/parse.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace spar::host {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t largest_index = std::uintmax_t{64} << 20;
constexpr std::size_t most_shards = 10000;

[[noreturn]] void refuse(const fs::path &path, const std::string &what) {
    throw Failure(Exit::data,
                  fmt::format("{}: not a sound index of weights: {}", path.string(), what));
}

Json read_index(const fs::path &path) {
    Json index;
    try {
        index = parse_json(read_file(path, largest_index), path.filename().string());
    } catch (const PipelineError &error) {
        refuse(path, error.what());
    }
    const auto map = index.find("weight_map");
    if (!index.is_object() || map == index.end() || !map->is_object() || map->empty())
        refuse(path,
               "expected an object with \"weight_map\", from tensors' names to files, as "
               "save_pretrained writes it");
    return *map;
}

}  // namespace

Shards::Shards(const fs::path &path) {
    files_ = {path};
    const Json map = read_index(path);
    for (const auto &[name, file] : map.items()) {
        if (!file.is_string())
            refuse(path, fmt::format("tensor {} has no file's name", quote(name)));
        const auto shard = file.get<std::string>();
        if (shard.empty() || shard == "." || shard == ".." ||
            shard.find_first_of(std::string_view("/\\\0", 3)) != std::string::npos)
            refuse(path,
                   fmt::format("tensor {} is in {}, expected a file in the index's own folder",
                               quote(name), quote(shard)));
        auto &opened = shards_[shard];
        if (!opened) {
            if (shards_.size() > most_shards)
                refuse(path, fmt::format("it names more than {} files", most_shards));
            const fs::path at = path.parent_path() / shard;
            if (shard.ends_with(".json"))
                refuse(path, fmt::format("tensor {} is in {}, expected a file of tensors",
                                         quote(name), quote(shard)));
            opened = open_tensors(at);
            files_.push_back(at);
            for (const auto &[key, value] : opened->metadata()) metadata_.emplace(key, value);
        }
        const auto found = opened->tensors().find(name);
        if (found == opened->tensors().end())
            refuse(path, fmt::format("tensor {} is not in {}", quote(name), quote(shard)));
        tensors_.emplace(name, found->second);
        places_.emplace(name, opened.get());
    }
    for (const auto &[shard, file] : shards_)
        for (const auto &[name, tensor] : file->tensors())
            if (const auto place = places_.find(name);
                place == places_.end() || place->second != file.get())
                refuse(path, fmt::format("{} holds the tensor {}, which the index says is {}; the "
                                         "files are not of one model",
                                         quote(shard), quote(name),
                                         place == places_.end() ? "in none" : "in another file"));
}

std::string Shards::bytes(const std::string &name) const {
    return places_.at(name)->bytes(name);
}

std::vector<float> Shards::read(const std::string &name) const {
    return places_.at(name)->read(name);
}

}  // namespace spar::host
