#include "plan/versions.hpp"

#include "base/problems.hpp"
#include "base/warnings.hpp"
#include "base/words.hpp"
#include "plugins/registry.hpp"
#include "text/schema.hpp"

#include <nlohmann/json.hpp>

namespace spar::host {
namespace {

void warn(const std::string &pointer, const std::string &key, const std::string &was,
          const std::string &is, const std::string &remedy) {
    warnings().add({.code = "changed_default",
                    .place = "#" + child_pointer(pointer, key),
                    .message = "its default is " + is + " now; in version 1 it was " + was,
                    .remedy = remedy + ", or \"version\": 2 to accept the new one"});
}

std::string write(const std::string &key, const std::string &value) {
    return "write " + quote(key) + ": " + value + " to get the old one";
}

/// An object of the pipeline, or an empty one.
const Json &part(const Json &root, const char *name) {
    static const Json none = Json::object();
    const auto found = root.find(name);
    return found != root.end() && found->is_object() ? *found : none;
}

void component(const Json &node, const std::string &pointer, const Json &schema, const Json &norm) {
    const Json &parameters = members(schema, "properties");
    for (const auto &[key, changed] : members(schema, "x-spar-version-1").items()) {
        const bool under_one_norm = changed.is_object();
        if (node.contains(key) || (under_one_norm && changed.at("norm") != norm)) continue;
        const Json &now = members(parameters, key.c_str());
        const std::string was = under_one_norm ? changed.at("was") : changed;
        warn(pointer, key, was, now.contains("default") ? now.at("default").dump() : "another",
             write(key, was));
    }
}

/// The former defaults that components declare. `norm` is that of the threat model that applies to
/// the node.
void components(const Json &node, const std::string &pointer, const Registry &registry,
                const Json &norm) {
    if (node.is_array())
        for (std::size_t i = 0; i < node.size(); ++i)
            components(node[i], child_pointer(pointer, i), registry, norm);
    if (!node.is_object()) return;
    const Json here = part(node, "threat").value("norm", norm);
    if (const auto type = node.find("type"); type != node.end() && type->is_string())
        for (const ComponentEntry *entry : registry.find(type->get<std::string>()))
            component(node, pointer, *entry->schema, here);
    for (const auto &[name, child] : node.items())
        components(child, child_pointer(pointer, name), registry, here);
}

void splits(const Json &root) {
    const Json &validation = part(part(root, "data"), "validation");
    if (validation.contains("examples") && !validation.contains("split"))
        warn("/data/validation", "split", "\"last\"", "\"drawn\"", write("split", "\"last\""));
    for (const char *name : {"train", "evaluate"})
        if (part(root, name).contains("examples") && !part(root, name).contains("split"))
            warn("/" + std::string(name), "split", "\"first\"", "\"drawn\"",
                 write("split", "\"first\""));
}

void averaging(const Json &root) {
    const Json &ema = part(part(root, "train"), "ema");
    if (ema.contains("decay") && !ema.contains("warmup"))
        warn("/train/ema", "warmup", "false", "true", write("warmup", "false"));
}

void attacked_loss(const Json &root) {
    const Json &loss = part(part(root, "train"), "loss");
    if (!root.contains("evaluate") || part(root, "evaluate").contains("loss") || loss.empty())
        return;
    if (loss == Json{{"type", "cross_entropy"}}) return;
    warn("/evaluate", "loss", "the training loss", "cross_entropy on classes",
         "repeat the training loss there to get the old one");
}

}  // namespace

bool bring_up_to_date(Json &root, const Registry &registry) {
    if (!root.is_object() || root.value("version", Json()) != 1) return false;
    if (const auto data = root.find("data"); data != root.end() && data->is_object())
        if (const auto held = data->find("validation"); held != data->end() && held->is_object())
            if (held->value("split", Json()) == "train") held->erase("split");
    components(root, "", registry, Json());
    splits(root);
    averaging(root);
    attacked_loss(root);
    root["version"] = 2;
    return true;
}

}  // namespace spar::host
