#include "config/versions.hpp"

#include "config/problems.hpp"
#include "config/words.hpp"
#include "pipeline/warnings.hpp"

#include <nlohmann/json.hpp>

namespace spar::host {
namespace {

/// A parameter of a component whose default changed in version 2.
struct ChangedDefault {
    const char *type, *key;
    const char *was, *is;  // as JSON
};

constexpr ChangedDefault changed_defaults[] = {
    {"alum", "normalize", "false", "true"},       {"alum", "step_size", "1e-3", "100 eps"},
    {"fgsm_at", "mode", "\"eval\"", "\"train\""}, {"n_fgsm", "mode", "\"eval\"", "\"train\""},
    {"tsv", "quotes", "\"text\"", "\"auto\""},    {"vat", "xi", "1e-6", "1e-2"},
};

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

void components(const Json &node, const std::string &pointer) {
    if (node.is_array())
        for (std::size_t i = 0; i < node.size(); ++i)
            components(node[i], child_pointer(pointer, i));
    if (!node.is_object()) return;
    for (const ChangedDefault &changed : changed_defaults)
        if (node.value("type", Json()) == changed.type && !node.contains(changed.key))
            warn(pointer, changed.key, changed.was, changed.is, write(changed.key, changed.was));
    for (const auto &[name, child] : node.items()) components(child, child_pointer(pointer, name));
}

/// An object of the pipeline, or an empty one.
const Json &part(const Json &root, const char *name) {
    static const Json none = Json::object();
    const auto found = root.find(name);
    return found != root.end() && found->is_object() ? *found : none;
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

/// AutoAttack's version for l1 is not that for the other norms.
void auto_attacks(const Json &root) {
    const Json attacks = part(root, "evaluate").value("attacks", Json::array());
    for (std::size_t i = 0; attacks.is_array() && i < attacks.size(); ++i) {
        const Json &attack = attacks[i];
        if (!attack.is_object() || attack.value("type", Json()) != "auto_attack" ||
            attack.contains("attacks"))
            continue;
        const Json ours = part(root, "threat").value("norm", Json());
        if (part(attack, "threat").value("norm", ours) == "l1")
            warn(child_pointer("/evaluate/attacks", i), "attacks", "that of linf",
                 "AutoAttack's for l1, with 5 restarts and 5 targets",
                 "list \"attacks\" to have others");
    }
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

void bring_up_to_date(Json &root) {
    if (!root.is_object() || root.value("version", Json()) != 1) return;
    if (const auto data = root.find("data"); data != root.end() && data->is_object())
        if (const auto held = data->find("validation"); held != data->end() && held->is_object())
            if (held->value("split", Json()) == "train") held->erase("split");
    components(root, "");
    splits(root);
    averaging(root);
    auto_attacks(root);
    attacked_loss(root);
}

}  // namespace spar::host
