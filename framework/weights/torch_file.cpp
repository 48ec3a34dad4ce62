#include "weights/torch_file.hpp"

#include "base/failure.hpp"
#include "base/words.hpp"
#include "weights/elements.hpp"

#include <spar/tensor.hpp>

#include <fmt/format.h>
#include <algorithm>

namespace spar::host {
namespace {

using Kind = PickleValue::Kind;

constexpr std::uint64_t largest_pickle = std::uint64_t{64} << 20;
constexpr int deepest_entry = 3;
constexpr const char *how_to_save = "torch.save(model.state_dict(), \"FILE\")";

std::int64_t tensors_in(const PickleValue &dict) {
    std::int64_t count = 0;
    for (std::size_t i = 0; i + 1 < dict.items.size(); i += 2)
        count += dict.items[i]->kind == Kind::text && dict.items[i + 1]->kind == Kind::tensor;
    return count;
}

/// The entries of a checkpoint that hold tensors by name: "\"state_dict\" (62 tensors)".
class Entries {
  public:
    std::vector<std::string> found;

    void list(const PickleValue &dict, const std::string &before = "", int depth = 1) {
        constexpr std::size_t most = 20;
        for (std::size_t i = 0; i + 1 < dict.items.size(); i += 2) {
            const PickleValue &key = *dict.items[i], &value = *dict.items[i + 1];
            const std::size_t work = 1 + value.items.size();
            if (work > left_ || found.size() >= most) return;
            left_ -= work;
            if (key.kind != Kind::text || value.kind != Kind::dict) continue;
            const std::string name = before + std::string(key.text);
            if (const std::int64_t count = tensors_in(value); count > 0)
                found.push_back(fmt::format("{} ({} tensors)", quote(name), count));
            else if (depth < deepest_entry)
                list(value, name + ".", depth + 1);
        }
    }

  private:
    std::size_t left_ = 1 << 20;  // values to look at: a dict may hold itself, many times
};

/// The entry "a.b" of nested dicts, whose own keys may contain dots; null if there is none.
const PickleValue *entry(const PickleValue &dict, std::string_view key, int depth = 0) {
    if (dict.kind != Kind::dict || depth > 16) return nullptr;
    if (const PickleValue *whole = Pickle::member(dict, key)) return whole;
    for (std::size_t dot = key.find('.'); dot != std::string_view::npos;
         dot = key.find('.', dot + 1))
        if (const PickleValue *inner = Pickle::member(dict, key.substr(0, dot)))
            if (const PickleValue *found = entry(*inner, key.substr(dot + 1), depth + 1))
                return found;
    return nullptr;
}

std::string kind_word(const PickleValue &value) {
    switch (value.kind) {
        case Kind::tensor:
            return "one tensor without a name";
        case Kind::list:
        case Kind::tuple:
            return "a list";
        case Kind::dict:
            return "a dict";
        case Kind::integer:
        case Kind::truth:
            return "a number";
        case Kind::text:
            return "a text";
        default:
            return "something else";
    }
}

}  // namespace

TorchFile::TorchFile(const std::filesystem::path &path, const std::string &key)
    : path_(path), zip_(path), folder_(find_folder()) {
    files_ = {path};
    const std::string name = folder_ + "data.pkl";
    if (const std::uint64_t size = zip_.members().at(name).size; size > largest_pickle)
        refuse(fmt::format("its data.pkl has {} bytes, more than {}", size, largest_pickle));
    if (const std::string order = folder_ + "byteorder"; zip_.members().contains(order) &&
                                                         zip_.members().at(order).size < 100 &&
                                                         zip_.read(order) != "little")
        refuse("its numbers are big-endian; save it anew on another machine");
    text_ = zip_.read(name);
    pickle_ = std::make_unique<Pickle>(text_, [this](const std::string &what) {
        const bool name_of_python = what.find("asks for Python's") != std::string::npos;
        refuse("data.pkl, " + what +
               (name_of_python ? std::string("; save what is needed of it alone, in a program "
                                             "that trusts the file: ") +
                                     how_to_save
                               : ""));
    });
    take(chosen(pickle_->value(), key));
}

void TorchFile::refuse(const std::string &what) const {
    throw Failure(Exit::data,
                  fmt::format("{}: not a state_dict that can be read: {}", path_.string(), what));
}

/// The folder inside the archive that everything lies in.
std::string TorchFile::find_folder() const {
    std::vector<std::string> folders;
    for (const auto &[name, member] : zip_.members())
        if (name == "data.pkl" || name.ends_with("/data.pkl"))
            folders.push_back(name.substr(0, name.size() - std::string_view("data.pkl").size()));
    if (folders.size() > 1) refuse("it has more than one data.pkl");
    if (folders.empty()) {
        const bool numpy = std::ranges::any_of(
            zip_.members(), [](const auto &member) { return member.first.ends_with(".npy"); });
        refuse(fmt::format("it is {}, and not what torch.save writes: it has no data.pkl",
                           numpy ? "a NumPy archive (.npz)" : "a zip archive"));
    }
    if (zip_.members().contains(folders[0] + "constants.pkl"))
        refuse(fmt::format("it is TorchScript, which is a program; save its weights: {}",
                           how_to_save));
    return folders[0];
}

const PickleValue &TorchFile::chosen(const PickleValue &root, const std::string &key) const {
    Entries entries;
    if (root.kind == Kind::dict) entries.list(root);
    const std::string choices = entries.found.empty()
                                    ? "it has no entries that hold tensors by name"
                                    : "it has the entries " + listed(entries.found);
    const PickleValue *found = key.empty() ? &root : entry(root, key);
    if (found == nullptr) refuse(fmt::format("it has no entry {}; {}", quote(key), choices));
    if (found->kind != Kind::dict)
        refuse(fmt::format("{} {}, expected tensors by name, as {} writes them; {}",
                           key.empty() ? "it holds" : "its entry " + quote(key) + " is",
                           kind_word(*found), how_to_save, choices));
    if (tensors_in(*found) == 0)
        refuse(
            fmt::format("{} no tensors by name; {}{}",
                        key.empty() ? "it holds" : "its entry " + quote(key) + " holds", choices,
                        entries.found.empty() ? "" : ", one of which is to be named as \"key\""));
    return *found;
}

void TorchFile::take(const PickleValue &dict) {
    for (std::size_t i = 0; i + 1 < dict.items.size(); i += 2) {
        const PickleValue &key = *dict.items[i], &value = *dict.items[i + 1];
        if (key.kind != Kind::text || value.kind != Kind::tensor) continue;
        const std::string name(key.text);
        if (!valid_utf8(name)) refuse(fmt::format("the name {} is not UTF-8", quote(name)));
        if (places_.contains(name)) refuse(fmt::format("it holds {} twice", quote(name)));
        verify(name, *value.tensor);
        places_.emplace(name, value.tensor);
        tensors_.emplace(name, TensorInfo{value.tensor->type, value.tensor->shape});
    }
}

/// Before any of its numbers is read: whether they are where the pickle says.
void TorchFile::verify(const std::string &name, const StoredTensor &tensor) {
    const auto wrong = [&](const std::string &what) {
        refuse(fmt::format("tensor {}: {}", quote(name), what));
    };
    const auto member = zip_.members().find(folder_ + "data/" + tensor.storage);
    if (member == zip_.members().end())
        wrong(fmt::format("its numbers are missing (data/{})", escaped(tensor.storage)));
    const std::uint64_t held = member->second.size, width = element_size(tensor.type);
    if (tensor.available < 0 || held / width != static_cast<std::uint64_t>(tensor.available) ||
        held % width != 0)
        wrong(fmt::format("its storage data/{} has {} bytes, expected {} numbers of {}",
                          escaped(tensor.storage), held, tensor.available, width));
    if (tensor.shape.size() != tensor.strides.size())
        wrong(fmt::format("{} strides for the shape {}", tensor.strides.size(),
                          shape_text(tensor.shape)));
    std::int64_t count = 1, last = tensor.offset;
    bool sound = tensor.offset >= 0;
    for (std::size_t i = 0; sound && i < tensor.shape.size(); ++i) {
        std::int64_t reach = 0;
        sound = tensor.shape[i] >= 0 && tensor.strides[i] >= 0 &&
                !__builtin_mul_overflow(count, tensor.shape[i], &count) &&
                !__builtin_mul_overflow(std::max<std::int64_t>(0, tensor.shape[i] - 1),
                                        tensor.strides[i], &reach) &&
                !__builtin_add_overflow(last, reach, &last);
    }
    if (!sound || (count > 0 ? last >= tensor.available : tensor.offset > tensor.available))
        wrong(fmt::format(
            "its shape {} with strides {} from {} on reaches beyond the {} numbers "
            "of its storage",
            shape_text(tensor.shape), shape_text(tensor.strides), tensor.offset, tensor.available));
    // A view may show one number many times, so that a few bytes would fill any memory.
    constexpr std::uint64_t most_for_a_byte = 16, always = 1 << 20;
    numbers_ += std::min(static_cast<std::uint64_t>(count), std::uint64_t{1} << 62);
    if (numbers_ > always + most_for_a_byte * zip_.size())
        wrong(fmt::format("with it the tensors have {} numbers, in a file of {} bytes", numbers_,
                          zip_.size()));
}

const std::string &TorchFile::storage(const std::string &key) const {
    if (last_key_ != key || last_storage_.empty()) {
        last_storage_ = zip_.read(folder_ + "data/" + key);
        last_key_ = key;
    }
    return last_storage_;
}

std::string TorchFile::bytes(const std::string &name) const {
    const StoredTensor &tensor = *places_.at(name);
    const std::size_t width = element_size(tensor.type);
    const std::string &from = storage(tensor.storage);
    const std::size_t rank = tensor.shape.size();
    const auto count = static_cast<std::size_t>(product(tensor.shape));
    std::string bytes(count * width, '\0');
    std::vector<std::int64_t> index(rank, 0);
    std::int64_t at = tensor.offset;
    for (std::size_t i = 0; i < count; ++i) {
        std::copy_n(from.data() + static_cast<std::size_t>(at) * width, width,
                    bytes.data() + i * width);
        for (std::size_t axis = rank; axis-- > 0;) {
            at += tensor.strides[axis];
            if (++index[axis] < tensor.shape[axis]) break;
            at -= tensor.strides[axis] * tensor.shape[axis];
            index[axis] = 0;
        }
    }
    return bytes;
}

}  // namespace spar::host
