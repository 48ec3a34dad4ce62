#include "plugins/answer.hpp"

#include "base/kinds.hpp"
#include "base/words.hpp"
#include "plugins/library.hpp"

#include <cstring>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace spar::host {
namespace {

constexpr std::uint32_t largest_struct = 4096;
constexpr std::uint32_t most_components = 10000;
constexpr std::size_t longest_text = 1U << 24;

void check_size(std::uint32_t size, std::size_t smallest, const std::string &what) {
    if (size < smallest || size > largest_struct)
        throw PluginFault("says that its " + what + " has " + std::to_string(size) +
                          " bytes, expected " + std::to_string(smallest) + " or some more");
}

std::string_view checked_text(const char *text, const std::string &what) {
    if (text == nullptr) throw PluginFault("leaves " + what + " null; an empty text is \"\"");
    const std::size_t length = strnlen(text, longest_text);
    if (length == longest_text) throw PluginFault("gives " + what + " without an end");
    if (!valid_utf8({text, length})) throw PluginFault("gives " + what + " that is not UTF-8");
    return {text, length};
}

bool word(std::string_view name, std::string_view also) {
    if (name.empty() || name.size() > 64) return false;
    for (const char c : name) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
        if (!plain && also.find(c) == std::string_view::npos) return false;
    }
    return true;
}

/// The part of a function table that every version has; its functions must be present.
struct TableRule {
    std::size_t smallest;
    std::vector<std::pair<std::size_t, const char *>> functions;
};

#define SPAR_SLOT(table, name) \
    { offsetof(table, name), #name }

TableRule table_rule(spar_kind kind) {
    switch (kind) {
        case SPAR_KIND_DATASET:
            return {40, {SPAR_SLOT(spar_dataset_table, info), SPAR_SLOT(spar_dataset_table, read)}};
        case SPAR_KIND_MODEL:
            return {72,
                    {SPAR_SLOT(spar_model_table, setup), SPAR_SLOT(spar_model_table, outputs),
                     SPAR_SLOT(spar_model_table, parameter_count),
                     SPAR_SLOT(spar_model_table, parameter),
                     SPAR_SLOT(spar_model_table, parameters_changed),
                     SPAR_SLOT(spar_model_table, pass), SPAR_SLOT(spar_model_table, backward)}};
        case SPAR_KIND_LOSS:
            return {24, {SPAR_SLOT(spar_loss_table, evaluate)}};
        case SPAR_KIND_OPTIMIZER:
            return {32,
                    {SPAR_SLOT(spar_optimizer_table, state_count),
                     SPAR_SLOT(spar_optimizer_table, state_name),
                     SPAR_SLOT(spar_optimizer_table, update)}};
        case SPAR_KIND_ATTACK:
            return {16, {SPAR_SLOT(spar_attack_table, perturb)}};
        case SPAR_KIND_METHOD:
            return {24, {SPAR_SLOT(spar_method_table, gradients)}};
        case SPAR_KIND_TRANSFORM:
            return {16, {SPAR_SLOT(spar_transform_table, apply)}};
        case SPAR_KIND_TOKENIZER:
            return {
                64,
                {SPAR_SLOT(spar_tokenizer_table, info), SPAR_SLOT(spar_tokenizer_table, encode),
                 SPAR_SLOT(spar_tokenizer_table, words), SPAR_SLOT(spar_tokenizer_table, decode),
                 SPAR_SLOT(spar_tokenizer_table, token), SPAR_SLOT(spar_tokenizer_table, word)}};
        default:
            return {
                32,
                {SPAR_SLOT(spar_reporter_table, begin), SPAR_SLOT(spar_reporter_table, finish)}};
    }
}

#undef SPAR_SLOT

void check_table(const void *table, spar_kind kind, const std::string &who) {
    if (table == nullptr) throw PluginFault("gives " + who + " no table of functions");
    const TableRule rule = table_rule(kind);
    std::uint32_t size = 0;
    std::memcpy(&size, table, sizeof size);
    check_size(size, rule.smallest, "table of " + who);
    for (const auto &[offset, name] : rule.functions) {
        void *function = nullptr;
        std::memcpy(&function, static_cast<const char *>(table) + offset, sizeof function);
        if (function == nullptr)
            throw PluginFault("gives " + who + " no function \"" + name + "\"");
    }
}

void check_component(const spar_component *component, const std::string &place) {
    if (component == nullptr) throw PluginFault("leaves its " + place + " null");
    check_size(component->struct_size, 104, "description of its " + place);
    const std::string_view type = checked_text(component->type, "the type of its " + place);
    if (!word(type, ""))
        throw PluginFault("calls its " + place + " " + quote(type) +
                          "; a type is lower-case letters, digits and underscores, at most 64");
    const std::string who = "\"" + std::string(type) + "\"";
    if (component->kind < SPAR_KIND_DATASET || component->kind > SPAR_KIND_TOKENIZER)
        throw PluginFault("says that " + who + " is of kind " + std::to_string(component->kind) +
                          ", which this host does not know");
    if (checked_text(component->summary, "the summary of " + who).empty())
        throw PluginFault("gives " + who + " no summary");
    checked_text(component->formula, "the formula of " + who);
    checked_text(component->reference, "the reference of " + who);
    checked_text(component->example, "the example of " + who);
    checked_text(component->schema, "the schema of " + who);
    if (component->create == nullptr || component->destroy == nullptr)
        throw PluginFault("gives " + who + " no \"create\" or no \"destroy\"");
    if ((component->save == nullptr) != (component->load == nullptr))
        throw PluginFault("gives " + who + " one of \"save\" and \"load\" without the other");
    if (component->kind == SPAR_KIND_TOKENIZER && component->save == nullptr)
        throw PluginFault("gives the tokenizer " + who +
                          " no \"save\" and \"load\", which keep its vocabulary with the weights");
    check_table(component->table, component->kind, who);
}

}  // namespace

void check_answer(const spar_plugin *plugin, uint32_t host_minor) {
    if (plugin == nullptr) throw PluginFault("answers its entry with nothing");
    check_size(plugin->struct_size, 48, "answer");
    if (plugin->abi_minor_required > host_minor) {
        const char *feature = plugin->required_feature;
        throw PluginFault("needs minor version " + std::to_string(plugin->abi_minor_required) +
                          " of the contract" +
                          (feature != nullptr && *feature != '\0' ? " (for " + quote(feature) + ")"
                                                                  : std::string()) +
                          ", this host offers " + std::to_string(host_minor) +
                          "; use a newer host or an older plugin");
    }
    if (!word(checked_text(plugin->name, "its name"), "-.ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
        throw PluginFault("has the name " + quote(plugin->name) +
                          "; expected letters, digits, '_', '-' and '.', at most 64");
    if (checked_text(plugin->version, "its version").empty()) throw PluginFault("has no version");
    if (plugin->component_count == 0 || plugin->component_count > most_components)
        throw PluginFault("says that it holds " + std::to_string(plugin->component_count) +
                          " components, expected 1 to " + std::to_string(most_components));
    if (plugin->components == nullptr) throw PluginFault("leaves its list of components null");
    std::set<std::pair<spar_kind, std::string>> names;
    for (std::uint32_t i = 0; i < plugin->component_count; ++i) {
        const spar_component *component = plugin->components[i];
        check_component(component, "component " + std::to_string(i));
        if (!names.emplace(component->kind, component->type).second)
            throw PluginFault(std::string("holds the ") + kind_name(component->kind) + " \"" +
                              component->type + "\" twice");
    }
}

}  // namespace spar::host
