#include "run/checkpoint.hpp"

#include "base/secrets.hpp"
#include "base/sha256.hpp"
#include "engine/meaning.hpp"
#include "run/results.hpp"
#include "run/same_run.hpp"
#include "weights/safetensors.hpp"

#include <fmt/format.h>
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

namespace spar::host {
namespace {

Json to_json(const TrainingState &s, std::int64_t optimizer_steps) {
    Json json{{"step", s.step},
              {"optimizer_steps", optimizer_steps},
              {"loss", number(s.loss)},
              {"seconds", s.seconds},
              {"correct", s.correct},
              {"seen", s.seen},
              {"forward_examples", s.forward_examples},
              {"backward_examples", s.backward_examples},
              {"best_epoch", s.best_epoch},
              {"best_score", number(s.best_score)},
              {"first_loss", number(s.first_loss)},
              {"warnings", warning_results()},
              {"reported", s.reported},
              {"planned_epochs", s.planned_epochs},
              {"changes", change_results(s.changes)},
              {"epochs", Json::array()}};
    for (const EpochRecord &record : s.epochs) json["epochs"].push_back(to_json(record));
    return json;
}

void state_from(const Json &json, TrainingState &s) {
    s.step = json.at("step");
    s.loss = number(json.at("loss"));
    s.seconds = json.at("seconds");
    s.correct = json.at("correct");
    s.seen = json.at("seen");
    s.forward_examples = json.at("forward_examples");
    s.backward_examples = json.at("backward_examples");
    s.best_epoch = json.at("best_epoch");
    s.best_score = s.best_epoch >= 0 ? json.at("best_score").get<double>() : s.best_score;
    s.first_loss = number(json.at("first_loss"));
    restore_warnings(json.at("warnings"));
    s.reported = json.at("reported").get<std::map<std::string, std::pair<double, std::int64_t>>>();
    s.planned_epochs = json.at("planned_epochs");
    s.changes.clear();
    for (const Json &change : json.at("changes"))
        s.changes.push_back({change.at("step"), change.at("what")});
    s.epochs.clear();
    for (const Json &record : json.at("epochs")) s.epochs.push_back(epoch_from(record));
}

/// The prefix of the name of a component's state.
constexpr std::string_view state_prefix = "component.";

/// The content of a checkpoint's tensors, by name.
struct Content {
    std::map<std::string, std::vector<float>> values;
    ComponentStates states;
};

Content content_of(const SafetensorsFile &file) {
    Content content;
    for (const auto &[name, tensor] : file.tensors()) {
        if (name.starts_with(state_prefix))
            content.states[name.substr(state_prefix.size())] = file.bytes(name);
        else
            content.values[name] = file.read(name);
    }
    return content;
}

/// Copies a tensor of the file to where it belongs.
void restore(const Content &file, const std::filesystem::path &path, const std::string &name,
             std::span<float> target) {
    const auto found = file.values.find(name);
    if (found == file.values.end() || found->second.size() != target.size())
        throw Failure(Exit::data, fmt::format("{}: tensor \"{}\" is missing or has another size",
                                              path.string(), name));
    std::ranges::copy(found->second, target.begin());
}

std::string_view bytes_of(std::span<const float> values) {
    return {reinterpret_cast<const char *>(values.data()), values.size_bytes()};
}

/// The hash of everything in a checkpoint except itself, by name.
std::string digest(const std::map<std::string, std::string_view> &tensors,
                   const std::map<std::string, std::string> &metadata) {
    std::string content;
    for (const auto &[name, text] : metadata)
        if (name != "sha256") content += name + '\0' + text + '\0';
    for (const auto &[name, bytes] : tensors) {
        content += name + '\0';
        content += bytes;
    }
    return sha256_of(content);
}

std::string digest(const Content &file, const std::map<std::string, std::string> &metadata) {
    std::map<std::string, std::string_view> tensors;
    for (const auto &[name, values] : file.values) tensors[name] = bytes_of(values);
    for (const auto &[name, state] : file.states) tensors[std::string(state_prefix) + name] = state;
    return digest(tensors, metadata);
}

}  // namespace

void save_checkpoint(const TrainingTask &task, const TrainingState &state,
                     const ComponentStates &components) {
    std::vector<TensorToSave> tensors;
    std::map<std::string, std::string_view> by_name;
    const auto add = [&](const std::string &name, std::span<const float> values) {
        tensors.push_back(
            {.name = name, .shape = {static_cast<std::int64_t>(values.size())}, .values = values});
        by_name[name] = bytes_of(values);
    };
    const auto &parameters = task.network.parameters();
    for (const NetworkParameter &p : parameters) add("model." + p.name, p.value);
    for (const auto &[name, values] : task.optimization.state()) add(name, values);
    for (const auto &[name, tensor] : task.session.tensors())
        if (tensor.saved) add("method." + name, tensor.values);
    for (std::size_t i = 0; i < state.best.size(); ++i)
        add("best." + parameters[i].name, state.best[i]);
    for (const auto &[place, bytes] : components) {
        const std::string name = std::string(state_prefix) + place;
        tensors.push_back({.name = name,
                           .shape = {static_cast<std::int64_t>(bytes.size())},
                           .values = {},
                           .bytes = bytes});
        by_name[name] = bytes;
    }
    std::map<std::string, std::string> metadata{
        {"fingerprint", task.fingerprint},
        {"made_with", json_without_secrets(task.made_with).dump()},
        {"state", to_json(state, task.optimization.steps()).dump()}};
    if (!task.tokenizer.empty()) metadata[tokenizer_key] = task.tokenizer;
    metadata["sha256"] = digest(by_name, metadata);
    save_safetensors(task.checkpoint, tensors, metadata);
    embedder().run_can_resume();
}

namespace {

/// Records what has changed since the checkpoint was made, or refuses to resume from it.
void settle_changes(const TrainingTask &task, TrainingState &state, const Json &before,
                    bool anyway) {
    const std::vector<std::string> found = changes(before, json_without_secrets(task.made_with));
    if (!anyway) refuse_changes(task.checkpoint, found);
    for (const std::string &what : found) state.changes.push_back({state.step, what});
    warn_of_changes(found);
    if (state.planned_epochs == task.plan.epochs) return;
    const Schedule::Type schedule = task.plan.schedule.type;
    const bool same = schedule == Schedule::Type::constant || schedule == Schedule::Type::step;
    state.changes.push_back(
        {state.step,
         fmt::format("train.epochs: {} then, {} now{}", state.planned_epochs, task.plan.epochs,
                     same ? ""
                          : "; the learning rate up to here followed the schedule of "
                            "the fewer epochs, and from here that of the more")});
    state.planned_epochs = task.plan.epochs;
}

}  // namespace

Json load_checkpoint(const TrainingTask &task, TrainingState &state, bool anyway) {
    const std::filesystem::path &path = task.checkpoint;
    const SafetensorsFile file(path);
    const std::map<std::string, std::string> &metadata = file.metadata();
    const Content content = content_of(file);
    embedder().run_can_resume();
    for (const char *name : {"state", "fingerprint", "made_with", "sha256"})
        if (!metadata.contains(name))
            throw Failure(Exit::data, path.string() +
                                          ": not a checkpoint of a run, or one of an "
                                          "older version of Spar");
    if (metadata.at("sha256") != digest(content, metadata))
        throw Failure(Exit::data, path.string() +
                                      ": the checkpoint is damaged: its content is not "
                                      "what its sum says");
    if (metadata.at("fingerprint") != task.fingerprint)
        throw Failure(
            Exit::pipeline,
            fmt::format("{}: the checkpoint is of another pipeline (or seed); a run can only "
                        "be resumed with what it was started with",
                        path.string()));
    Json before;
    try {
        before = Json::parse(metadata.at("made_with"));
        const Json json = Json::parse(metadata.at("state"));
        state_from(json, state);
        task.optimization.set_steps(json.at("optimizer_steps"));
    } catch (const Json::exception &) {
        throw Failure(Exit::data, path.string() + ": the checkpoint's state cannot be read");
    }
    settle_changes(task, state, before, anyway);
    for (const NetworkParameter &p : task.network.parameters())
        restore(content, path, "model." + p.name, p.value);
    for (const auto &[name, values] : task.optimization.state())
        restore(content, path, name, values);
    for (const auto &[name, values] : content.values)
        if (name.starts_with("method.")) task.session.tensors()[name.substr(7)] = {values, true};
    state.best.clear();
    if (state.best_epoch >= 0)
        for (const NetworkParameter &p : task.network.parameters()) {
            state.best.emplace_back(p.value.size());
            restore(content, path, "best." + p.name, state.best.back());
        }
    task.network.parameters_changed();
    load_states(task.participants, content.states);
    return before;
}

}  // namespace spar::host
