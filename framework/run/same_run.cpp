#include "run/same_run.hpp"

#include "base/failure.hpp"
#include "base/files.hpp"
#include "base/sha256.hpp"
#include "base/warnings.hpp"
#include "engine/data.hpp"
#include "engine/network.hpp"
#include "engine/stopping.hpp"
#include "instances/services.hpp"
#include "plan/plan.hpp"
#include "plugins/registry.hpp"
#include "run/run_files.hpp"
#include "weights/weights.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

namespace spar::host {
namespace {

/// What may differ between a run and its resumption because it changes no number.
constexpr const char *without_numbers[] = {"/$crafting",
                                           "/version",  // its meaning is in the other keys
                                           "/name",
                                           "/description",
                                           "/report",
                                           "/train/checkpoint_every",
                                           "/evaluate/batch_size",
                                           "/evaluate/save_adversarial",
                                           "/evaluate/threshold"};

void erase(Json &plan, const std::string &pointer) {
    const Json::json_pointer place(pointer);
    if (plan.contains(place)) plan.at(place.parent_pointer()).erase(place.back());
}

Json what_decides_numbers(Json plan) {
    for (const char *pointer : without_numbers) erase(plan, pointer);
    return plan;
}

std::int64_t epochs(const Json &plan) {
    const Json::json_pointer place("/train/epochs");
    return plan.contains(place) && plan.at(place).is_number_integer()
               ? plan.at(place).get<std::int64_t>()
               : 0;
}

/// The plugins that a plan names, and those with a component whose name appears in it.
void collect_plugins(const Json &node, const Registry &registry,
                     std::set<const PluginFile *> &used) {
    if (node.is_object() && node.contains("type") && node["type"].is_string()) {
        if (node.contains("plugin")) {
            for (const spar_kind kind : all_kinds)
                if (const ComponentEntry *entry = registry.find_node(kind, node))
                    used.insert(entry->plugin);
        } else {
            for (const ComponentEntry *entry : registry.find(node["type"].get<std::string>()))
                used.insert(entry->plugin);
        }
    }
    if (node.is_structured())
        for (const Json &child : node) collect_plugins(child, registry, used);
}

std::string hash_of_file(const std::string &file) {
    try {
        return sha256_of_file(file, [&] { end_if_stopped(file + " was read"); });
    } catch (const Failure &) {
        throw;
    } catch (const std::runtime_error &error) {
        throw Failure(Exit::data, file + ": " + error.what());
    }
}

/// SHA-256 of the files that components name, but for data, weights and plugins, which are hashed
/// apart, and what only reports.
Json hashes_of_named_files(const Plan &plan) {
    Json files = Json::object();
    for (const NamedFile &named : plan.files) {
        const std::string &at = named.pointer;
        if (at.starts_with("/data/") || at.starts_with("/report") || at == "/model/weights" ||
            at.ends_with("/plugin"))
            continue;
        files[named.path] = hash_of_file(named.path);
    }
    return files;
}

}  // namespace

std::set<const PluginFile *> plugins_of(const Json &plan, const Registry &registry) {
    std::set<const PluginFile *> used;
    collect_plugins(plan, registry, used);
    return used;
}

std::string first_difference(const Json &there, const Json &here) {
    Json before = what_decides_numbers(there);
    if (epochs(here) > epochs(there) && epochs(there) > 0)
        before["train"]["epochs"] = here.at("train").at("epochs");
    const Json differences = Json::diff(before, what_decides_numbers(here));
    if (differences.empty()) return {};
    const Json::json_pointer place(differences[0]["path"].get<std::string>());
    const auto value = [&](const Json &plan) {
        return plan.contains(place) ? plan.at(place).dump() : std::string("nothing");
    };
    return fmt::format("at #{} its plan.json has {}, and this pipeline {}", place.to_string(),
                       value(there), value(here));
}

std::string fingerprint_of(const Json &plan) {
    Json decides = what_decides_numbers(plan);
    erase(decides, "/train/epochs");
    return sha256_of(decides.dump());
}

Json made_with(const Registry &registry, const Plan &plan, const Network &network,
               const std::vector<const Data *> &data, bool weights_left_behind) {
    Json without_reporters = *plan.resolved;
    without_reporters.erase("report");
    Json plugins = Json::object(), files = Json::object();
    for (const PluginFile *plugin : plugins_of(without_reporters, registry))
        plugins[plugin->path.filename().string()] = plugin->sha256;
    for (const Data *set : data)
        for (const std::string &file : set->files()) files[file] = hash_of_file(file);
    const Tokenizer *tokenizer = data.front()->tokenizer();
    return {{"host", host_table()->version},
            {"host_sha256", hash_of_file("/proc/self/exe")},
            {"tokenizer", tokenizer == nullptr ? Json() : Json(tokenizer->state().sha256())},
            {"isa", network.instructions().empty() ? Json() : Json(network.instructions())},
            {"plugins", plugins},
            {"data", files},
            {"files", hashes_of_named_files(plan)},
            {"weights_sha256", plan.weights.empty() ? Json()
                               : weights_left_behind
                                   ? Json("left behind")
                                   : Json(sha256_of_weights(plan.weights, plan.weights_map))}};
}

void require_as_its_run_left_it(const std::filesystem::path &weights, const std::string &sha256) {
    namespace fs = std::filesystem;
    constexpr std::uintmax_t most_results = 1U << 28;
    std::error_code error;
    const fs::path file = fs::canonical(weights, error);  // a link leads to a run's folder too
    const fs::path results = file.parent_path() / run_files::results;
    if (error || file.filename() != run_files::model) return;
    const bool there = fs::exists(results);
    if (!there && !fs::exists(file.parent_path() / run_files::plan)) return;  // not a run's folder
    const Json json =
        there ? Json::parse(read_file(results, most_results), nullptr, false) : Json();
    if (!json.is_object() || !json.contains("model_sha256")) {
        warnings().add(
            {.code = "unchecked_weights",
             .place = "#/model/weights",
             .message = fmt::format("{} lies in a run's folder, but {} {}, so that "
                                    "nothing says whether it is the file that the run "
                                    "left",
                                    weights.string(), results.string(),
                                    there ? "is damaged" : "is missing"),
             .remedy = "finish that run (--resume), or move the file out of its folder"});
        return;
    }
    if (json["model_sha256"] == sha256) return;
    throw Failure(
        Exit::data,
        fmt::format("#/model/weights: {} is not the file that its run left: its SHA-256 is "
                    "{}, and {} says {}; it was damaged or replaced. To use it all the "
                    "same, move it out of that folder",
                    weights.string(), sha256, results.string(), json["model_sha256"].dump()));
}

Json made_with_of(const Json &provenance, const Json &now) {
    Json made = {{"plugins", Json::object()}, {"data", Json::object()}, {"files", Json::object()}};
    for (const char *same : {"host", "host_sha256", "isa", "tokenizer", "weights_sha256"})
        made[same] = provenance.value(same, Json());
    for (const char *part : {"plugins", "data", "files"})
        for (const Json &row : provenance.value(part, Json::array())) {
            const std::string name = row.value("file", "");
            // The results also list reporters and components that are present by default.
            if (now.at(part).contains(name)) made[part][name] = row.value("sha256", "");
        }
    return made;
}

std::vector<std::string> changes(const Json &there, const Json &here) {
    std::vector<std::string> found;
    const auto compare = [&](const std::string &what, const Json &before, const Json &now) {
        const auto text = [](const Json &value) {
            return value.is_null()     ? "nothing"
                   : value.is_string() ? value.get<std::string>()
                                       : value.dump();
        };
        if (before != now)
            found.push_back(fmt::format("{}: {} then, {} now", what, text(before), text(now)));
    };
    const auto member = [](const Json &json, const std::string &name) {
        return json.is_object() && json.contains(name) ? json.at(name) : Json();
    };
    compare("the host's version", member(there, "host"), member(here, "host"));
    compare("the host's program (SHA-256)", member(there, "host_sha256"),
            member(here, "host_sha256"));
    compare("the instructions that the model computes with", member(there, "isa"),
            member(here, "isa"));
    compare("the tokenizer (SHA-256 of its state)", member(there, "tokenizer"),
            member(here, "tokenizer"));
    if (member(here, "weights_sha256") != "left behind")
        compare("the weights it started from (SHA-256)", member(there, "weights_sha256"),
                member(here, "weights_sha256"));
    for (const auto &[part, word] : {std::pair<std::string, std::string>{"plugins", "the plugin "},
                                     {"data", "the data file "},
                                     {"files", "the file "}}) {
        const Json before = member(there, part), now = member(here, part);
        std::set<std::string> names;
        for (const Json *side : {&before, &now})
            if (side->is_object())
                for (const auto &item : side->items()) names.insert(item.key());
        for (const std::string &name : names)
            compare(word + name + " (SHA-256)", member(before, name), member(now, name));
    }
    return found;
}

void refuse_changes(const std::filesystem::path &file, const std::vector<std::string> &changes) {
    if (changes.empty()) return;
    throw Failure(Exit::changed,
                  fmt::format("{}: the run was started with something else, and a mixture of both "
                              "would pass for one run:\n  {}\nRun it anew in another folder, or go "
                              "on with --resume=anyway, which results.json tells",
                              file.string(), fmt::join(changes, "\n  ")));
}

void warn_of_changes(const std::vector<std::string> &changes) {
    if (changes.empty()) return;
    warnings().add(
        {.component = "",
         .code = "resumed_anyway",
         .place = "",
         .message = fmt::format("the run goes on with something other than it was started with: {}",
                                fmt::join(changes, "; ")),
         .remedy = "run it anew for numbers that can be repeated",
         .count = std::ssize(changes)});
}

}  // namespace spar::host
