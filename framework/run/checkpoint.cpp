#include "run/checkpoint.hpp"

#include "base/secrets.hpp"
#include "base/sha256.hpp"
#include "plugins/calls.hpp"
#include "run/results.hpp"
#include "run/safetensors.hpp"
#include "run/same_run.hpp"

#include <fmt/format.h>
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

namespace spar::host {
namespace {

/// JSON has no word for what is not a number.
Json number(double value) {
    return std::isfinite(value) ? Json(value) : Json(nullptr);
}
double number(const Json &value) {
    return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
}

Json to_json(const EpochRecord &r) {
    return {{"epoch", r.epoch},
            {"loss", number(r.loss)},
            {"train_accuracy", number(r.train_accuracy)},
            {"validation_accuracy", number(r.validation_accuracy)},
            {"validation_robust_accuracy", number(r.validation_robust_accuracy)},
            {"validation_loss", number(r.validation_loss)},
            {"seconds", r.seconds},
            {"learning_rate_factor", r.learning_rate_factor},
            {"forward_examples", r.forward_examples},
            {"backward_examples", r.backward_examples},
            {"reported", r.reported}};
}

EpochRecord epoch_from(const Json &json) {
    EpochRecord r;
    r.epoch = json.at("epoch");
    r.loss = number(json.at("loss"));
    r.train_accuracy = number(json.at("train_accuracy"));
    r.validation_accuracy = number(json.at("validation_accuracy"));
    r.validation_robust_accuracy = number(json.at("validation_robust_accuracy"));
    r.validation_loss = number(json.at("validation_loss"));
    r.seconds = json.at("seconds");
    r.learning_rate_factor = json.at("learning_rate_factor");
    r.forward_examples = json.at("forward_examples");
    r.backward_examples = json.at("backward_examples");
    r.reported = json.at("reported").get<std::map<std::string, double>>();
    return r;
}

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

/// Copies a tensor of the file to where it belongs.
void restore(const LoadedTensors &file, const std::filesystem::path &path, const std::string &name,
             std::span<float> target) {
    const auto found = file.tensors.find(name);
    if (found == file.tensors.end() || found->second.values.size() != target.size())
        throw Failure(Exit::data, fmt::format("{}: tensor \"{}\" is missing or has another size",
                                              path.string(), name));
    std::ranges::copy(found->second.values, target.begin());
}

/// Of everything in a checkpoint but itself, by name.
std::string digest(const std::map<std::string, std::span<const float>> &tensors,
                   const std::map<std::string, std::string> &metadata) {
    std::string content;
    for (const auto &[name, text] : metadata)
        if (name != "sha256") content += name + '\0' + text + '\0';
    for (const auto &[name, values] : tensors) {
        content += name + '\0';
        content.append(reinterpret_cast<const char *>(values.data()), values.size_bytes());
    }
    return sha256_of(content);
}

}  // namespace

void save_checkpoint(const TrainingTask &task, const TrainingState &state) {
    std::vector<TensorToSave> tensors;
    std::map<std::string, std::span<const float>> by_name;
    const auto add = [&](const std::string &name, std::span<const float> values) {
        tensors.push_back({name, {static_cast<std::int64_t>(values.size())}, values});
        by_name[name] = values;
    };
    const auto &parameters = task.network.parameters();
    for (const NetworkParameter &p : parameters) add("model." + p.name, p.value);
    for (const auto &[name, values] : task.optimization.state()) add(name, values);
    for (const auto &[name, tensor] : task.session.tensors())
        if (tensor.saved) add("method." + name, tensor.values);
    for (std::size_t i = 0; i < state.best.size(); ++i)
        add("best." + parameters[i].name, state.best[i]);
    std::map<std::string, std::string> metadata{
        {"fingerprint", task.fingerprint},
        {"made_with", json_without_secrets(task.made_with).dump()},
        {"state", to_json(state, task.optimization.steps()).dump()}};
    metadata["sha256"] = digest(by_name, metadata);
    save_safetensors(task.checkpoint, tensors, metadata);
    if (Watched *const page = watched()) page->resumable = true;
}

namespace {

/// Records what is another than when the checkpoint was made, or refuses to go on with it.
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
    const LoadedTensors file = load_safetensors(path);
    if (Watched *const page = watched()) page->resumable = true;
    for (const char *name : {"state", "fingerprint", "made_with", "sha256"})
        if (!file.metadata.contains(name))
            throw Failure(Exit::data, path.string() +
                                          ": not a checkpoint of a run, or one of an "
                                          "older version of Spar");
    std::map<std::string, std::span<const float>> by_name;
    for (const auto &[name, tensor] : file.tensors) by_name[name] = tensor.values;
    if (file.metadata.at("sha256") != digest(by_name, file.metadata))
        throw Failure(Exit::data, path.string() +
                                      ": the checkpoint is damaged: its content is not "
                                      "what its sum says");
    if (file.metadata.at("fingerprint") != task.fingerprint)
        throw Failure(
            Exit::pipeline,
            fmt::format("{}: the checkpoint is of another pipeline (or seed); a run can only "
                        "be resumed with what it was started with",
                        path.string()));
    Json before;
    try {
        before = Json::parse(file.metadata.at("made_with"));
        const Json json = Json::parse(file.metadata.at("state"));
        state_from(json, state);
        task.optimization.set_steps(json.at("optimizer_steps"));
    } catch (const Json::exception &) {
        throw Failure(Exit::data, path.string() + ": the checkpoint's state cannot be read");
    }
    settle_changes(task, state, before, anyway);
    for (const NetworkParameter &p : task.network.parameters())
        restore(file, path, "model." + p.name, p.value);
    for (const auto &[name, values] : task.optimization.state()) restore(file, path, name, values);
    for (const auto &[name, tensor] : file.tensors)
        if (name.starts_with("method."))
            task.session.tensors()[name.substr(7)] = {tensor.values, true};
    state.best.clear();
    if (state.best_epoch >= 0)
        for (const NetworkParameter &p : task.network.parameters()) {
            state.best.emplace_back(p.value.size());
            restore(file, path, "best." + p.name, state.best.back());
        }
    task.network.parameters_changed();
    return before;
}

}  // namespace spar::host
