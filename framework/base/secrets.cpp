#include "base/secrets.hpp"

#include <map>
#include <mutex>
#include <nlohmann/json.hpp>

namespace spar::host {
namespace {

struct Longest {
    bool operator()(const std::string &a, const std::string &b) const {
        return a.size() != b.size() ? a.size() > b.size() : a < b;
    }
};

std::mutex mutex;
/// Names by value, the longest first, because one secret may be part of another.
std::map<std::string, std::string, Longest> secrets;

}  // namespace

void keep_secret(const std::string &name, const std::string &value) {
    const std::lock_guard lock(mutex);
    secrets.emplace(value, "${secret:" + name + "}");
}

std::string without_secrets(std::string_view text) {
    std::string out(text);
    const std::lock_guard lock(mutex);
    for (const auto &[value, name] : secrets)
        for (std::size_t at = 0; (at = out.find(value, at)) != std::string::npos; at += name.size())
            out.replace(at, value.size(), name);
    return out;
}

Json json_without_secrets(const Json &json) {
    if (json.is_string()) return without_secrets(json.get_ref<const std::string &>());
    if (!json.is_structured()) return json;
    Json out = json.is_array() ? Json::array() : Json::object();
    for (const auto &[key, value] : json.items()) {
        if (json.is_array())
            out.push_back(json_without_secrets(value));
        else
            out[without_secrets(key)] = json_without_secrets(value);
    }
    return out;
}

}  // namespace spar::host
