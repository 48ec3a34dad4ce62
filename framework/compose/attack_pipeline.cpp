#include "compose/attack_pipeline.hpp"

#include "base/failure.hpp"
#include "base/words.hpp"
#include "compose/data_by_look.hpp"
#include "compose/node_text.hpp"
#include "compose/subject.hpp"
#include "run/run_files.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace spar::host {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void usage(const std::string &what) {
    throw Failure(Exit::usage, "attack: " + what);
}

/// The resolved pipeline of a file, with absolute paths.
Json pipeline_of(const fs::path &file, const Registry &registry) {
    return *load_plan(file, {}, registry).resolved;
}

/// A name for the run that can be a folder's.
std::string name_of(const Subject &subject) {
    std::string name =
        subject.path.filename().empty() ? "model" : subject.path.filename().stem().string();
    if (!subject.function.empty()) name += "-" + subject.function;
    name = name.substr(0, 80) + "-attack";
    for (char &c : name)
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            c != '_')
            c = '-';
    if (name[0] == '-') name[0] = 'x';
    return name;
}

/// The call's pipeline, and what stays open of it.
class Composition {
  public:
    Composition(const AttackCall &call, const Registry &registry)
        : call_(call), registry_(registry), subject_(subject_of(call.target)) {
        json_ = {{"version", 2}, {"name", name_of(subject_)}, {"data", Json::object()}};
    }

    Plan plan() {
        json_["model"] = model();
        name_tensors();
        data();
        threat();
        attacks();
        set("evaluate.examples", call_.examples, "--examples");
        set("evaluate.batch_size", call_.batch, "--batch");
        set("seed", call_.seed, "--seed");
        settings_.insert(settings_.end(), call_.settings.begin(), call_.settings.end());
        return parse_plan(json_.dump(), "spar attack", fs::current_path(), settings_, registry_);
    }

  private:
    void set(const std::string &path, const std::string &value, const std::string &option) {
        if (!value.empty()) settings_.push_back({path, value, option});
    }

    Json model() {
        using enum Subject::Kind;
        const std::string path = subject_.path.string();
        const bool other = subject_.kind != weights && !call_.pipeline.empty();
        if (other)
            usage("--pipeline is for weights; " + quote(call_.target, 200) +
                  " says itself what it computes");
        switch (subject_.kind) {
            case onnx:
                return {{"type", "onnx"}, {"file", path}};
            case python:
                return {{"type", "python"}, {"call", path + ":" + subject_.function}};
            case run: {
                const fs::path kept = subject_.path / run_files::model;
                if (!fs::exists(kept))
                    throw Failure(Exit::data,
                                  fmt::format("{}: the run has left no model yet; finish it with "
                                              "--resume",
                                              subject_.path.string()));
                from_ = pipeline_of(subject_.path / run_files::plan, registry_);
                return with_weights(kept);
            }
            case pipeline:
                from_ = pipeline_of(subject_.path, registry_);
                return from_.at("model");
            case weights:
                break;
        }
        if (call_.pipeline.empty())
            usage(quote(call_.target, 200) +
                  " holds weights, which do not say what the net computes; add --pipeline P.json, "
                  "whose \"model\" they are of");
        from_ = pipeline_of(call_.pipeline, registry_);
        return with_weights(subject_.path);
    }

    /// The pipeline's model with other weights. What it says of the names in its own file holds
    /// for that alone.
    Json with_weights(const fs::path &file) const {
        Json model = from_.at("model");
        if (model.value("weights", "") != file.string()) model.erase("weights_map");
        model["weights"] = file.string();
        return model;
    }

    void name_tensors() {
        for (const auto &[name, text] : {std::pair{"key", call_.key}, {"prefix", call_.prefix}})
            if (!text.empty())
                set(fmt::format("model.weights_map.{}", name), Json(text).dump(),
                    fmt::format("--{}", name));
    }

    void data() {
        const Json theirs = from_.value("data", Json::object());
        for (const char *kept : {"tokenizer", "max_length", "form", "test"})
            if (theirs.contains(kept)) json_["data"][kept] = theirs[kept];
        if (!call_.data.empty())
            set("data.test", dataset_by_look(call_.data).dump(), "--data");
        else if (!json_["data"].contains("test"))
            usage("expected --data: an .npz with arrays x and y, IDX or CIFAR files, or a dataset "
                  "by name (digits:examples=100)");
    }

    void threat() {
        if (from_.contains("threat")) json_["threat"] = from_["threat"];
        if (!from_.contains("threat"))
            for (const auto &[value, option] : {std::pair{call_.norm, "--norm linf"},
                                                {call_.eps, "--eps 8/255"}})
                if (value.empty())
                    usage(fmt::format("expected {}, for nothing else says how far an attack may go",
                                      option));
        set("threat.norm", call_.norm, "--norm");
        set("threat.eps", call_.eps, "--eps");
        set("threat.target", call_.aim, "--targeted");
    }

    void attacks() {
        Json evaluate = Json::object();
        if (const Json theirs = from_.value("evaluate", Json::object()); call_.attacks.empty())
            evaluate["attacks"] = theirs.value("attacks", Json::array());
        if (call_.attacks.empty() && evaluate["attacks"].empty())
            evaluate["attacks"] = {{{"type", "auto_attack"}}};
        if (!call_.attacks.empty())
            evaluate["attacks"] = Json(call_.attacks.size(), Json::object());
        json_["evaluate"] = evaluate;
        for (std::size_t i = 0; i < call_.attacks.size(); ++i)
            settings_.push_back({fmt::format("evaluate.attacks.{}", i),
                                 node_of_text(call_.attacks[i], "--attack").dump(),
                                 "--attack " + escaped(call_.attacks[i], 200)});
    }

    const AttackCall &call_;
    const Registry &registry_;
    const Subject subject_;
    Json from_ = Json::object();  // the pipeline that the call names; none: empty
    Json json_;
    std::vector<Setting> settings_;
};

}  // namespace

Plan attack_plan(const AttackCall &call, const Registry &registry) {
    return Composition(call, registry).plan();
}

}  // namespace spar::host
