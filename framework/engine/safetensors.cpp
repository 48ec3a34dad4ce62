#include "engine/safetensors.hpp"

#include "config/json.hpp"
#include "engine/files.hpp"
#include "pipeline/failure.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>

namespace spar::host {
namespace {

constexpr std::uintmax_t largest_file = std::uintmax_t{64} << 30;
constexpr std::uint64_t largest_header = std::uint64_t{100} << 20;

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

std::size_t element_size(const std::string &type) {
    static const std::map<std::string, std::size_t> sizes{
        {"F32", 4}, {"F64", 8}, {"F16", 2},  {"BF16", 2}, {"I64", 8}, {"I32", 4}, {"I16", 2},
        {"I8", 1},  {"U8", 1},  {"BOOL", 1}, {"U16", 2},  {"U32", 4}, {"U64", 8}};
    const auto found = sizes.find(type);
    return found == sizes.end() ? 0 : found->second;
}

float from_half(std::uint16_t half) {
    const std::uint32_t sign = (half & 0x8000U) << 16, mantissa = half & 0x3FFU;
    const int exponent = (half >> 10) & 0x1F;
    if (exponent == 0) {  // zero or subnormal
        const float value = static_cast<float>(mantissa) * 0x1p-24F;
        return sign != 0 ? -value : value;
    }
    const std::uint32_t wide = exponent == 31 ? 255U : static_cast<std::uint32_t>(exponent + 112);
    return std::bit_cast<float>(sign | (wide << 23) | (mantissa << 13));
}

template <class Stored>
float nearest(Stored stored) {
    return static_cast<float>(stored);
}

template <class Stored, class Convert = float (*)(Stored)>
void convert(std::string_view bytes, std::vector<float> &values,
             Convert &&to_float = nearest<Stored>) {
    for (std::size_t i = 0; i < values.size(); ++i) {
        Stored stored;
        std::memcpy(&stored, bytes.data() + i * sizeof stored, sizeof stored);
        values[i] = to_float(stored);
    }
}

void decode(const std::string &type, std::string_view bytes, std::vector<float> &values) {
    if (type == "F32") convert<float>(bytes, values);
    if (type == "F64") convert<double>(bytes, values);
    if (type == "F16") convert<std::uint16_t>(bytes, values, from_half);
    if (type == "BF16")
        convert<std::uint16_t>(bytes, values, [](std::uint16_t v) {
            return std::bit_cast<float>(static_cast<std::uint32_t>(v) << 16);
        });
    if (type == "I64") convert<std::int64_t>(bytes, values);
    if (type == "I32") convert<std::int32_t>(bytes, values);
    if (type == "I16") convert<std::int16_t>(bytes, values);
    if (type == "I8") convert<std::int8_t>(bytes, values);
    if (type == "U64") convert<std::uint64_t>(bytes, values);
    if (type == "U32") convert<std::uint32_t>(bytes, values);
    if (type == "U16") convert<std::uint16_t>(bytes, values);
    if (type == "U8" || type == "BOOL") convert<std::uint8_t>(bytes, values);
}

/// One file being read; every complaint names it.
class Parser {
  public:
    explicit Parser(const std::filesystem::path &path)
        : path_(path), content_(read_file(path, largest_file)) {}

    LoadedTensors parse() {
        const Json header = read_header();
        LoadedTensors loaded;
        for (const auto &[name, entry] : header.items()) {
            if (name == "__metadata__") {
                for (const auto &[key, value] : entry.items())
                    if (value.is_string()) loaded.metadata[key] = value;
            } else {
                read_tensor(name, entry, loaded);
            }
        }
        if (claimed_ != body_.size())
            refuse(fmt::format("its tensors end at byte {} of {}", claimed_, body_.size()));
        return loaded;
    }

  private:
    [[noreturn]] void refuse(const std::string &what) const {
        throw Failure(Exit::data,
                      fmt::format("{}: not a sound safetensors file: {}", path_.string(), what));
    }

    Json read_header() {
        std::uint64_t length = 0;
        if (content_.size() < sizeof length) refuse("it ends within its first 8 bytes");
        std::memcpy(&length, content_.data(), sizeof length);
        if (length > largest_header || length > content_.size() - sizeof length)
            refuse(fmt::format("its header should be {} bytes long, but the file has {}", length,
                               content_.size()));
        const auto begin = content_.begin() + sizeof length;
        body_ = std::string_view(content_).substr(sizeof length + length);
        const auto bounded = [](int depth, Json::parse_event_t, Json &) {
            if (depth > 8) throw std::runtime_error("nested too deep");
            return true;
        };
        try {
            Json header = Json::parse(begin, begin + static_cast<std::ptrdiff_t>(length), bounded);
            if (header.is_object()) return header;
        } catch (const std::exception &) {
        }
        refuse("its header is not a JSON object");
    }

    void read_tensor(const std::string &name, const Json &entry, LoadedTensors &loaded) {
        LoadedTensor tensor;
        std::string type;
        std::vector<std::uint64_t> offsets;
        try {
            type = entry.at("dtype").get<std::string>();
            tensor.shape = entry.at("shape").get<std::vector<std::int64_t>>();
            offsets = entry.at("data_offsets").get<std::vector<std::uint64_t>>();
        } catch (const Json::exception &) {
            refuse(fmt::format("tensor \"{}\" lacks dtype, shape or data_offsets", name));
        }
        const std::size_t width = element_size(type);
        if (width == 0) refuse(fmt::format("tensor \"{}\" has the unknown type {}", name, type));
        std::uint64_t count = 1;
        for (const std::int64_t extent : tensor.shape)
            if (extent < 0 ||
                __builtin_mul_overflow(count, static_cast<std::uint64_t>(extent), &count))
                refuse(fmt::format("tensor \"{}\" has a shape that overflows", name));
        std::uint64_t bytes = 0;
        if (__builtin_mul_overflow(count, width, &bytes) || offsets.size() != 2 ||
            offsets[0] > offsets[1] || offsets[1] > body_.size() ||
            offsets[1] - offsets[0] != bytes)
            refuse(fmt::format("tensor \"{}\" does not lie where its header says", name));
        claimed_ = std::max(claimed_, offsets[1]);
        tensor.of_integers = type[0] == 'I' || type[0] == 'U' || type == "BOOL";
        tensor.values.resize(count);
        decode(type, body_.substr(offsets[0], bytes), tensor.values);
        loaded.tensors.emplace(name, std::move(tensor));
    }

    std::filesystem::path path_;
    std::string content_;
    std::string_view body_;
    std::uint64_t claimed_ = 0;  // where the last tensor ends
};

}  // namespace

void save_safetensors(const std::filesystem::path &path, const std::vector<TensorToSave> &tensors,
                      const std::map<std::string, std::string> &metadata) {
    Json header = Json::object();
    if (!metadata.empty()) header["__metadata__"] = metadata;
    std::uint64_t offset = 0;
    for (const TensorToSave &tensor : tensors) {
        const std::uint64_t end = offset + tensor.values.size_bytes();
        header[tensor.name] = {
            {"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
        offset = end;
    }
    std::string text = header.dump();
    text.resize((text.size() + 7) / 8 * 8, ' ');  // so that the tensors are aligned
    const std::uint64_t length = text.size();
    std::string content(reinterpret_cast<const char *>(&length), sizeof length);
    content += text;
    content.reserve(content.size() + offset);
    for (const TensorToSave &tensor : tensors)
        content.append(reinterpret_cast<const char *>(tensor.values.data()),
                       tensor.values.size_bytes());
    write_file(path, content);
}

LoadedTensors load_safetensors(const std::filesystem::path &path) {
    return Parser(path).parse();
}

}  // namespace spar::host
