#include "weights/safetensors.hpp"

#include "base/failure.hpp"
#include "base/files.hpp"
#include "base/json.hpp"
#include "engine/stopping.hpp"
#include "weights/elements.hpp"

#include <spar/kit/file_kind.hpp>
#include <spar/tensor.hpp>

#include <fmt/format.h>
#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

namespace spar::host {
namespace {

constexpr std::uint64_t largest_header = std::uint64_t{100} << 20;

std::string_view content_of(const TensorToSave &tensor) {
    if (tensor.bytes.data() != nullptr) return tensor.bytes;
    return {reinterpret_cast<const char *>(tensor.values.data()), tensor.values.size_bytes()};
}

/// Keys of the open objects while a JSON text is parsed, to detect duplicates.
class KeysSeen {
  public:
    /// False if the object already has the key.
    bool note(int depth, Json::parse_event_t event, const Json &parsed) {
        const auto level = static_cast<std::size_t>(depth);
        if (event == Json::parse_event_t::object_start) {
            open_.resize(level + 2);
            open_[level + 1].clear();
        }
        if (event != Json::parse_event_t::key) return true;
        last_ = parsed.get<std::string>();
        return open_[level].insert(last_).second;
    }
    const std::string &last() const { return last_; }

  private:
    std::vector<std::set<std::string>> open_;
    std::string last_;
};

}  // namespace

SafetensorsFile::SafetensorsFile(const std::filesystem::path &path)
    : path_(path), size_(open_file(path, stream_)) {
    files_ = {path};
    read_header();
    check_places();
}

void SafetensorsFile::refuse(const std::string &what) const {
    throw Failure(Exit::data,
                  fmt::format("{}: not a sound safetensors file: {}", path_.string(), what));
}

void SafetensorsFile::read_header() {
    std::string first(std::min<std::uint64_t>(size_, file_kind_bytes), '\0');
    if (!stream_.read(first.data(), static_cast<std::streamsize>(first.size())))
        refuse("it cannot be read");
    std::uint64_t length = 0;
    std::memcpy(&length, first.data(), std::min(first.size(), sizeof length));
    const bool fits =
        size_ > sizeof length && length <= largest_header && length <= size_ - sizeof length;
    const bool sound = fits && first[sizeof length] == '{';
    if (const std::string kind = file_kind(first); !sound && !kind.empty())
        refuse(fmt::format("it is {}; expected tensors in safetensors' format", kind));
    if (size_ < sizeof length) refuse("it ends within its first 8 bytes");
    if (!fits)
        refuse(
            fmt::format("its header should be {} bytes long, but the file has {}", length, size_));
    if (!sound) refuse("its header is not a JSON object");
    body_ = sizeof length + length;
    std::string text(length, '\0');
    stream_.seekg(sizeof length);
    if (!stream_.read(text.data(), static_cast<std::streamsize>(length)))
        refuse("its header cannot be read");
    // Handles each tensor's entry as it is parsed, without building a tree of all.
    KeysSeen keys;
    std::string name, twice;
    const auto take = [&](int depth, Json::parse_event_t event, Json &parsed) {
        if (depth > 8) throw std::runtime_error("nested too deep");
        if (!keys.note(depth, event, parsed)) twice = keys.last();
        if (!twice.empty()) throw std::runtime_error("a key occurs twice");
        if (event == Json::parse_event_t::key && depth == 1) name = keys.last();
        if (event != Json::parse_event_t::object_end || depth != 1) return true;
        add(name, parsed);
        return false;
    };
    bool object = false;
    try {
        object = Json::parse(text, take).is_object();
    } catch (const Failure &) {
        throw;
    } catch (const std::exception &) {
    }
    if (!twice.empty()) refuse(fmt::format("its header holds the key \"{}\" twice", twice));
    if (!object) refuse("its header is not a JSON object");
}

void SafetensorsFile::add(const std::string &name, const Json &entry) {
    if (name == "__metadata__") {
        for (const auto &[key, value] : entry.items())
            if (value.is_string()) metadata_[key] = value;
        return;
    }
    TensorInfo tensor;
    Place place;
    const auto whole = [](const Json &list) {
        return list.is_array() &&
               std::ranges::all_of(list, [](const Json &n) { return n.is_number_unsigned(); });
    };
    const auto type = entry.find("dtype"), shape = entry.find("shape"),
               places = entry.find("data_offsets");
    if (type == entry.end() || !type->is_string() || shape == entry.end() || !whole(*shape) ||
        places == entry.end() || !whole(*places) || places->size() != 2)
        refuse(fmt::format("tensor \"{}\" lacks a sound dtype, shape or data_offsets", name));
    tensor.type = type->get<std::string>();
    place.begin = places->at(0).get<std::uint64_t>();
    place.end = places->at(1).get<std::uint64_t>();
    const std::size_t width = element_size(tensor.type);
    if (width == 0) refuse(fmt::format("tensor \"{}\" has the unknown type {}", name, tensor.type));
    std::uint64_t bytes = width;
    for (const Json &extent : *shape) {
        if (__builtin_mul_overflow(bytes, extent.get<std::uint64_t>(), &bytes) ||
            bytes > std::uint64_t{1} << 62)
            refuse(fmt::format("tensor \"{}\" has a shape that overflows", name));
        tensor.shape.push_back(extent.get<std::int64_t>());
    }
    if (place.begin > place.end || place.end > size_ - body_ || place.end - place.begin != bytes)
        refuse(
            fmt::format("tensor \"{}\" does not lie where its header says: {} {} takes {} "
                        "bytes, its place is {} to {} of {}",
                        name, tensor.type, shape_text(tensor.shape), bytes, place.begin, place.end,
                        size_ - body_));
    tensors_.emplace(name, std::move(tensor));
    places_.emplace(name, place);
}

void SafetensorsFile::check_places() const {
    std::vector<std::pair<Place, const std::string *>> places;
    for (const auto &[name, place] : places_) places.emplace_back(place, &name);
    std::ranges::sort(places, {}, [](const auto &entry) {
        return std::pair(entry.first.begin, entry.first.end);
    });
    std::uint64_t end = 0;
    const std::string *before = nullptr;
    for (const auto &[place, name] : places) {
        if (place.begin < end)
            refuse(fmt::format("the tensors \"{}\" and \"{}\" share bytes", *before, *name));
        if (place.begin > end)
            refuse(fmt::format("bytes {} to {} before tensor \"{}\" belong to none", end,
                               place.begin, *name));
        end = place.end;
        before = name;
    }
    if (end != size_ - body_)
        refuse(fmt::format("its tensors end at byte {} of {}", end, size_ - body_));
}

std::vector<float> SafetensorsFile::read(const std::string &name) const {
    const std::string &type = tensors_.at(name).type;
    const Place &place = places_.at(name);
    constexpr std::size_t block = std::size_t{1} << 20;
    const std::size_t width = std::max<std::size_t>(1, element_size(type));
    std::vector<float> values((place.end - place.begin) / width);
    std::string bytes;
    stream_.seekg(static_cast<std::streamoff>(body_ + place.begin));
    for (std::span<float> left = values; !left.empty();) {
        end_if_stopped(path_.string() + " was read");
        const std::span<float> now = left.first(std::min(block, left.size()));
        bytes.resize(now.size() * width);
        if (!stream_.read(bytes.data(), static_cast<std::streamsize>(bytes.size())))
            refuse(fmt::format("tensor \"{}\" cannot be read", name));
        to_float(type, bytes, now);
        left = left.subspan(now.size());
    }
    return values;
}

std::string SafetensorsFile::bytes(const std::string &name) const {
    const Place &place = places_.at(name);
    std::string bytes(place.end - place.begin, '\0');
    stream_.seekg(static_cast<std::streamoff>(body_ + place.begin));
    if (!stream_.read(bytes.data(), static_cast<std::streamsize>(bytes.size())))
        refuse(fmt::format("tensor \"{}\" cannot be read", name));
    return bytes;
}

void save_safetensors(const std::filesystem::path &path, const std::vector<TensorToSave> &tensors,
                      const std::map<std::string, std::string> &metadata) {
    Json header = Json::object();
    if (!metadata.empty()) header["__metadata__"] = metadata;
    std::uint64_t offset = 0;
    for (const TensorToSave &tensor : tensors) {
        const bool raw = tensor.bytes.data() != nullptr;
        const std::uint64_t end = offset + content_of(tensor).size();
        header[tensor.name] = {{"dtype", raw ? tensor.type : "F32"},
                               {"shape", tensor.shape},
                               {"data_offsets", {offset, end}}};
        offset = end;
    }
    std::string text = header.dump();
    text.resize((text.size() + 7) / 8 * 8, ' ');  // so that the tensors are aligned
    const std::uint64_t length = text.size();
    std::string content(reinterpret_cast<const char *>(&length), sizeof length);
    content += text;
    content.reserve(content.size() + offset);
    for (const TensorToSave &tensor : tensors) content += content_of(tensor);
    write_file(path, content);
}

}  // namespace spar::host
