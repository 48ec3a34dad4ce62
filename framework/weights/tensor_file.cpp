#include "weights/tensor_file.hpp"

#include "base/failure.hpp"
#include "base/files.hpp"
#include "weights/elements.hpp"
#include "weights/safetensors.hpp"
#include "weights/shards.hpp"
#include "weights/torch_file.hpp"

#include <spar/kit/file_kind.hpp>

#include <fmt/format.h>
#include <algorithm>
#include <cstring>
#include <fstream>

namespace spar::host {
namespace {

struct Beginning {
    explicit Beginning(const std::filesystem::path &path) {
        std::ifstream stream;
        const std::uintmax_t size = open_file(path, stream);
        first.resize(std::min<std::uintmax_t>(size, file_kind_bytes));
        if (!stream.read(first.data(), static_cast<std::streamsize>(first.size())))
            throw Failure(Exit::data, path.string() + ": cannot be read");
        std::uint64_t length = 0;
        if (first.size() <= sizeof length) return;
        std::memcpy(&length, first.data(), sizeof length);
        safetensors = length <= size - sizeof length && first[sizeof length] == '{';
    }

    std::string first;
    bool safetensors = false;  // the length of a header, and the header's first byte
};

void require_no_key(const std::filesystem::path &path, const std::string &key, const char *what) {
    if (!key.empty())
        throw Failure(Exit::data, fmt::format("{}: {} has no entries to choose from, so that the "
                                              "key \"{}\" names nothing; leave it out",
                                              path.string(), what, key));
}

}  // namespace

std::vector<float> TensorFile::read(const std::string &name) const {
    const std::string content = bytes(name);
    const std::string &type = tensors_.at(name).type;
    std::vector<float> values(content.size() / element_size(type));
    to_float(type, content, values);
    return values;
}

std::unique_ptr<TensorFile> open_tensors(const std::filesystem::path &path,
                                         const std::string &key) {
    const Beginning file(path);
    if (!file.safetensors) {
        if (file.first.starts_with("PK\x03\x04")) return std::make_unique<TorchFile>(path, key);
        if (file.first.starts_with('{')) {
            require_no_key(path, key, "the index of several files");
            return std::make_unique<Shards>(path);
        }
        const std::string kind = file_kind(file.first);
        if (kind == "an old PyTorch checkpoint" || kind == "a Python pickle")
            throw Failure(
                Exit::data,
                fmt::format("{}: it is {}, expected what torch.save writes since PyTorch 1.6; save "
                            "it anew: torch.save(torch.load(\"FILE\", map_location=\"cpu\", "
                            "weights_only=True), \"FILE\")",
                            path.string(), kind));
    }
    require_no_key(path, key, "a safetensors file");
    return std::make_unique<SafetensorsFile>(path);
}

}  // namespace spar::host
