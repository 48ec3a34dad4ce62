#include "compose/data_by_look.hpp"

#include "base/failure.hpp"
#include "base/files.hpp"
#include "base/words.hpp"
#include "compose/node_text.hpp"

#include <spar/kit/file_kind.hpp>

#include <fmt/format.h>
#include <algorithm>
#include <nlohmann/json.hpp>

namespace spar::host {
namespace {

namespace fs = std::filesystem;

constexpr const char *expected =
    "expected an .npz with arrays x and y, IDX images (with their labels beside them), binary "
    "files "
    "of CIFAR-10 or CIFAR-100, a folder of such files, or a dataset by name (digits:examples=100)";

std::string first_bytes(const fs::path &file) {
    std::ifstream stream;
    const std::uintmax_t size = open_file(file, stream);
    std::string first(std::min<std::uintmax_t>(size, file_kind_bytes), '\0');
    stream.read(first.data(), static_cast<std::streamsize>(first.size()));
    return first;
}

/// Two zeros, a type of numbers and a count of dimensions.
bool is_idx(const std::string &first) {
    return first.size() >= 8 && first[0] == 0 && first[1] == 0 &&
           ((first[2] >= 0x08 && first[2] <= 0x09) || (first[2] >= 0x0B && first[2] <= 0x0E)) &&
           first[3] >= 1 && first[3] <= 8;
}

/// The file of labels that belongs to one of images: t10k-labels-idx1-ubyte beside
/// t10k-images-idx3-ubyte, zipped or not.
fs::path labels_beside(const fs::path &images) {
    std::string name = images.filename().string();
    const auto replace = [&](const std::string &from, const std::string &to) {
        const std::size_t at = name.rfind(from);
        if (at != std::string::npos) name.replace(at, from.size(), to);
        return at != std::string::npos;
    };
    if (!replace("images", "labels"))
        throw Failure(Exit::data,
                      fmt::format("--data: {} holds IDX images, and its name does not tell where "
                                  "their labels are (\"images\" becomes \"labels\"); say --data "
                                  "idx:images=FILE,labels=FILE",
                                  images.string()));
    for (const char *dimensions : {"idx3", "idx4", "idx2"}) replace(dimensions, "idx1");
    fs::path labels = images.parent_path() / name;
    for (const std::string &other :
         {name + ".gz", name.ends_with(".gz") ? name.substr(0, name.size() - 3) : name})
        if (std::error_code none; !fs::exists(labels, none)) labels.replace_filename(other);
    if (!fs::exists(labels))
        throw Failure(Exit::data, fmt::format("--data: {} holds IDX images, and their labels are "
                                              "not beside it, as {}; say --data "
                                              "idx:images=FILE,labels=FILE",
                                              images.string(), name));
    return labels;
}

Json idx(const fs::path &images) {
    return {{"type", "idx"},
            {"images", fs::absolute(images).string()},
            {"labels", fs::absolute(labels_beside(images)).string()}};
}

Json cifar(const fs::path &file, const char *labels) {
    Json node = {{"type", "cifar10"}, {"files", {fs::absolute(file).string()}}};
    if (labels != nullptr) node["labels"] = labels;
    return node;
}

Json of_file(const fs::path &file) {
    constexpr std::uintmax_t cifar10_record = 3073, cifar100_record = 3074;
    const std::string first = first_bytes(file), kind = file_kind(first);
    if (kind == "a NumPy archive (.npz)")
        return {{"type", "npz"}, {"file", fs::absolute(file).string()}};
    const std::string name = file.filename().string();
    if (is_idx(first) || (kind == "a gzip file" && name.find("idx") != std::string::npos))
        return idx(file);
    const std::uintmax_t size = fs::file_size(file);
    if (kind.empty() && file.extension() == ".bin" && size > 0) {
        const bool ten = size % cifar10_record == 0, hundred = size % cifar100_record == 0;
        if (ten && (!hundred || name != "test.bin")) return cifar(file, nullptr);
        if (hundred) return cifar(file, "fine");
    }
    throw Failure(
        Exit::data,
        fmt::format("--data: {} is {}; {}", file.string(),
                    kind.empty() ? "of no kind that is known by its look" : kind, expected));
}

/// The test set in a folder, in the names under which it is published.
Json of_folder(const fs::path &folder) {
    std::error_code none;
    for (const char *name : {"t10k-images-idx3-ubyte", "t10k-images-idx3-ubyte.gz",
                             "t10k-images.idx3-ubyte", "MNIST/raw/t10k-images-idx3-ubyte"})
        if (fs::exists(folder / name, none)) return idx(folder / name);
    for (const char *name : {"test_batch.bin", "cifar-10-batches-bin/test_batch.bin"})
        if (fs::exists(folder / name, none)) return cifar(folder / name, nullptr);
    for (const char *name : {"test.bin", "cifar-100-binary/test.bin"})
        if (fs::exists(folder / name, none)) return cifar(folder / name, "fine");
    if (fs::exists(folder / "test.npz", none)) return of_file(folder / "test.npz");
    throw Failure(Exit::data,
                  fmt::format("--data: the folder {} has no test set that is known by its name "
                              "(t10k-images-idx3-ubyte, test_batch.bin, test.bin, test.npz); name "
                              "a file, or a dataset with its parameters",
                              folder.string()));
}

}  // namespace

Json dataset_by_look(const std::string &text) {
    std::error_code error;
    const fs::file_status status = fs::status(text, error);
    if (fs::is_directory(status)) return of_folder(text);
    if (fs::exists(status)) return of_file(text);
    const std::string type = text.substr(0, text.find(':'));
    const bool name = !type.empty() && type.find_first_of("./\\") == std::string::npos;
    if (name) return node_of_text(text, "--data");
    throw Failure(Exit::data,
                  fmt::format("--data: there is no file {}; {}", quote(text, 200), expected));
}

}  // namespace spar::host
