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

/// A name for the run that can be a folder's.
std::string name_of(const Subject &subject) {
    fs::path path = subject.path;
    if (!path.has_filename()) path = path.parent_path();  // "runs/net/"
    const bool folder = subject.kind == Subject::Kind::run;
    std::string name = (folder ? path.filename() : path.stem()).string();
    if (!subject.function.empty()) name += "-" + subject.function;
    name = name.substr(0, 80) + "-attack";
    for (char &c : name)
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            c != '_')
            c = '-';
    if (name[0] == '-') name[0] = 'x';
    return name;
}

/// A pipeline that is there already, as its author wrote it, with what it extends.
struct Written {
    explicit Written(fs::path at) : file(std::move(at)), source(read_source(file)) {
        substitute_variables(source);
    }
    bool has(const char *pointer) const {
        return source.root.contains(Json::json_pointer(pointer));
    }
    /// Whether its model takes this file's weights.
    bool takes(const fs::path &weights) const {
        const Json::json_pointer place("/model/weights");
        if (!source.root.contains(place) || !source.root[place].is_string()) return false;
        std::error_code error;
        const fs::path own =
            source.origins.at("/model/weights").folder / source.root[place].get<std::string>();
        return fs::equivalent(own, weights, error);
    }

    fs::path file;
    Source source;
};

/// The settings that make the call's pipeline of one that is there, or of next to nothing.
class Composition {
  public:
    explicit Composition(const AttackCall &call) : call_(call), subject_(subject_of(call.target)) {}

    Plan plan(const Registry &registry) {
        find_pipeline();
        set("name", Json(name_of(subject_)).dump(), call_.target);
        model();
        data();
        threat();
        attacks();
        set("evaluate.examples", call_.examples, "--examples");
        set("evaluate.batch_size", call_.batch, "--batch");
        set("seed", call_.seed, "--seed");
        settings_.insert(settings_.end(), call_.settings.begin(), call_.settings.end());
        if (written_) return load_plan(written_->file, settings_, registry);
        return parse_plan(R"({"version": 2, "name": "attack", "data": {}, "model": {}})",
                          "spar attack", fs::current_path(), settings_, registry);
    }

  private:
    void set(const std::string &path, const std::string &value, const std::string &option) {
        if (!value.empty()) settings_.push_back({path, value, option});
    }
    bool given(const char *pointer) const { return written_ && written_->has(pointer); }

    void find_pipeline() {
        using enum Subject::Kind;
        const bool alone = subject_.kind == weights;
        if (!alone && !call_.pipeline.empty())
            usage("--pipeline is for weights; " + quote(call_.target, 200) +
                  " says itself what it computes");
        if (alone && call_.pipeline.empty())
            usage(quote(call_.target, 200) +
                  " holds weights, which do not say what the net computes; add --pipeline P.json, "
                  "whose \"model\" they are of");
        if (alone) written_.emplace(fs::path(call_.pipeline));
        if (subject_.kind == pipeline) written_.emplace(subject_.path);
        if (subject_.kind == run) written_.emplace(subject_.path / run_files::plan);
        if (!written_) return;
        for (const char *pointer : {"/train", "/report", "/evaluate/threshold", "/data/train",
                                    "/data/validation", "/data/unlabelled"})
            leave_out(pointer);
    }

    /// A setting's path may be a pointer.
    void leave_out(const char *pointer) {
        if (given(pointer)) set(pointer, "null", "spar attack");
    }

    void model() {
        using enum Subject::Kind;
        const std::string path = subject_.path.string();
        const auto component = [&](const Json &node) { set("model", node.dump(), call_.target); };
        switch (subject_.kind) {
            case onnx:
                return component({{"type", "onnx"}, {"file", path}});
            case python:
                return component({{"type", "python"}, {"call", path + ":" + subject_.function}});
            case run:
                if (!fs::exists(subject_.path / run_files::model))
                    throw Failure(Exit::data, fmt::format("{}: the run has left no model yet; "
                                                          "finish it with --resume",
                                                          path));
                weigh(subject_.path / run_files::model);
                break;
            case weights:
                weigh(subject_.path);
                break;
            case pipeline:
                break;
        }
        for (const auto &[name, text] : {std::pair{"key", call_.key}, {"prefix", call_.prefix}})
            if (!text.empty())
                set(fmt::format("model.weights_map.{}", name), Json(text).dump(),
                    fmt::format("--{}", name));
    }

    /// What the pipeline says of the names in its own file holds for that alone.
    void weigh(const fs::path &file) {
        if (!written_->takes(file)) leave_out("/model/weights_map");
        set("model.weights", Json(file.string()).dump(), call_.target);
    }

    void data() {
        if (call_.data.empty() && !given("/data/test"))
            usage(
                "expected --data: an .npz with arrays x and y, IDX or CIFAR files, or a dataset "
                "by name (digits:examples=100)");
        if (!call_.data.empty()) set("data.test", dataset_by_look(call_.data).dump(), "--data");
    }

    void threat() {
        const auto need = [&](const std::string &value, const char *option) {
            if (value.empty())
                usage(fmt::format("expected {}, for nothing else says how far an attack may go",
                                  option));
        };
        if (!given("/threat")) {
            need(call_.norm, "--norm linf");
            need(call_.eps, "--eps 8/255");
        }
        set("threat.norm", call_.norm, "--norm");
        set("threat.eps", call_.eps, "--eps");
        set("threat.target", call_.aim, "--targeted");
    }

    void attacks() {
        std::vector<std::string> texts = call_.attacks;
        const Json::json_pointer theirs("/evaluate/attacks");
        if (texts.empty() && given("/evaluate/attacks") && !written_->source.root[theirs].empty())
            return;
        if (texts.empty()) texts.emplace_back("auto_attack");
        set("evaluate.attacks", Json(Json::array_t(texts.size(), Json::object())).dump(),
            "--attack");
        for (std::size_t i = 0; i < texts.size(); ++i)
            set(fmt::format("evaluate.attacks.{}", i), node_of_text(texts[i], "--attack").dump(),
                "--attack " + escaped(texts[i], 200));
    }

    const AttackCall &call_;
    const Subject subject_;
    std::optional<Written> written_;
    std::vector<Setting> settings_;
};

}  // namespace

Plan attack_plan(const AttackCall &call, const Registry &registry) {
    return Composition(call).plan(registry);
}

}  // namespace spar::host
