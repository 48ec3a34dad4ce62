#include "engine/rehearsal.hpp"

#include "engine/attacker.hpp"
#include "engine/crafting.hpp"
#include "engine/fit.hpp"
#include "engine/loss_head.hpp"
#include "engine/training_rehearsal.hpp"
#include "instances/instance.hpp"
#include "plan/check.hpp"
#include "plan/grammar.hpp"
#include "plugins/registry.hpp"
#include "text/schema.hpp"

#include <spar/error.hpp>

#include <array>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>

namespace spar::host {
namespace {

/// A space without a network: with no examples there is nothing to ask it.
class NoNetwork : public Space {
  public:
    NoNetwork(std::vector<std::int64_t> shape, std::int64_t outputs)
        : shape_(std::move(shape)), outputs_(outputs) {}

    std::int64_t outputs() const override { return outputs_; }
    std::span<const std::int64_t> shape() const override { return shape_; }
    std::int64_t size() const override {
        return std::accumulate(shape_.begin(), shape_.end(), std::int64_t{1}, std::multiplies<>());
    }
    void pass(const Points &, spar_pass) override { refuse(); }
    void backward(const Points &, std::int32_t, const float *, spar_wants, float *) override {
        refuse();
    }

  private:
    [[noreturn]] static void refuse() {
        throw Error(SPAR_E_UNSUPPORTED, "there is no model yet to ask");
    }

    std::vector<std::int64_t> shape_;
    std::int64_t outputs_;
};

spar_threat threat_of(const Threat &from) {
    spar_threat threat{};
    threat.struct_size = sizeof threat;
    threat.norm = from.norm;
    threat.eps = from.eps;
    threat.lower = from.lower.value_or(0);
    threat.upper = from.upper.value_or(1);
    threat.space = from.space;
    threat.targeted = from.target != Target::none ? 1 : 0;
    threat.query_budget = from.queries;
    threat.group = from.group;
    threat.site = from.site ? from.site->c_str() : nullptr;
    return threat;
}

class Rehearsal {
  public:
    Rehearsal(const Plan &plan, const Registry &registry)
        : plan_(plan),
          registry_(registry),
          builder_(registry, plan.seed, [&plan](const std::string &, const std::string &text) {
              return plan.path(text);
          }) {}

    std::vector<Problem> run() {
        if (has_its_files(plan_.data.tokenizer))
            tokenizer_ = build(SPAR_KIND_TOKENIZER, plan_.data.tokenizer);
        build(SPAR_KIND_MODEL, plan_.model);
        std::unique_ptr<Instance> loss;
        if (plan_.train) {
            const auto method = build(SPAR_KIND_METHOD, plan_.train->method);
            const auto optimizer = build(SPAR_KIND_OPTIMIZER, plan_.train->optimizer);
            loss = build(SPAR_KIND_LOSS, plan_.train->loss);
            for (const Node &node : plan_.train->augment) build(SPAR_KIND_TRANSFORM, node);
            if (method && plan_.data.unlabelled)
                told(plan_.data.unlabelled,
                     [&] { require_use_of_unlabelled(*method, plan_.data.unlabelled.pointer); });
            if (method && (!plan_.threat || fits(*method, plan_.train->method, *plan_.threat)) &&
                optimizer && loss)
                training(needs_of(loss->ref()));
        }
        on_classes_ = build(SPAR_KIND_LOSS, attacked_loss(plan_, loss.get(), true).loss);
        on_values_ = build(SPAR_KIND_LOSS, attacked_loss(plan_, loss.get(), false).loss);
        if (plan_.train) {
            attack(plan_.train->validate_attack, plan_.threat);
            inner_attacks(*plan_.train->method.json, plan_.train->method.pointer);
        }
        if (plan_.evaluate)
            for (const AttackPlan &one : plan_.evaluate->attacks) attack(one.attack, one.threat);
        for (const Node &node : plan_.report) build(SPAR_KIND_REPORTER, node);
        return std::move(problems_);
    }

  private:
    /// Missing files are told apart from what is wrong with a pipeline.
    bool has_its_files(const Node &node) const {
        return std::ranges::all_of(plan_.files, [&](const NamedFile &file) {
            std::error_code error;
            return !file.pointer.starts_with(node.pointer + "/") ||
                   std::filesystem::exists(file.path, error);
        });
    }

    std::unique_ptr<Instance> build(spar_kind kind, const Node &node) {
        std::unique_ptr<Instance> built;
        if (node) told(node, [&] { built = builder_.build(kind, *node.json, node.pointer); });
        return built;
    }

    /// A training is refused only if it is refused for every kind of example. There are no texts to
    /// attack before the data is read.
    void training(spar_loss_needs needs) {
        if (plan_.threat && plan_.threat->space == SPAR_SPACE_TOKENS) return;
        const bool text = plan_.threat && plan_.threat->space == SPAR_SPACE_EMBEDDING;
        std::optional<Failure> refusal;
        for (StandInExamples like :
             {StandInExamples{.shape = {3, 32, 32}}, StandInExamples{.shape = {64}, .tokens = true},
              StandInExamples{.shape = {64}}}) {
            if (like.tokens ? plan_.threat && !text && !inside_model() : text) continue;
            if (plan_.threat) {
                like.lower = plan_.threat->lower.value_or(
                    std::min(0.0, plan_.threat->upper.value_or(1) - 1));
                like.upper = plan_.threat->upper.value_or(std::max(1.0, like.lower + 1));
            }
            for (const bool classes : {true, false}) {
                if ((needs & (classes ? SPAR_LOSS_NEEDS_VALUES : SPAR_LOSS_NEEDS_LABELS)) != 0)
                    continue;
                like.classes = classes;
                try {
                    return rehearse_training(plan_, builder_, like);
                } catch (const Failure &failure) {
                    if (failure.exit() != Exit::pipeline) return;  // see rehearse_training
                    if (!refusal) refusal = failure;
                }
            }
        }
        if (refusal) told(plan_.train->method, [&] { throw Failure(*refusal); });
    }
    /// Where examples of any kind can be.
    bool inside_model() const {
        return plan_.threat && (plan_.threat->space == SPAR_SPACE_PARAMETER ||
                                plan_.threat->space == SPAR_SPACE_SITE);
    }

    /// The attacks that a method trains with, including those of methods inside it.
    void inner_attacks(const Json &method, const std::string &pointer) {
        const ComponentEntry *entry =
            registry_.find(SPAR_KIND_METHOD, method.at("type").get<std::string>());
        if (entry == nullptr) return;
        std::optional<Threat> threat = plan_.threat;
        if (threat) threat->target = Target::none;  // training is untargeted
        for (const auto &[name, property] : members(*entry->schema, "properties").items()) {
            const std::string kind = resolved(property, *entry->schema).value("x-spar-kind", "");
            if (!method.contains(name)) continue;
            const std::string inside = child_pointer(pointer, name);
            if (kind == "attack")
                attack({std::make_shared<const Json>(method.at(name)), inside}, threat);
            if (kind == "method") inner_attacks(method.at(name), inside);
        }
    }

    void attack(const Node &node, const std::optional<Threat> &threat) {
        const auto built = build(SPAR_KIND_ATTACK, node);
        if (!built || !threat || !fits(*built, node, *threat)) return;
        if (threat->space == SPAR_SPACE_PARAMETER) return;
        const spar_threat asked = threat_of(*threat);
        const bool words = threat->space == SPAR_SPACE_TOKENS;
        if (words && !tokenizer_) return;  // its files are missing, which is told
        AttackedTexts texts(nullptr, tokenizer_.get(), plan_.data.max_length);
        const bool embedding = threat->space == SPAR_SPACE_EMBEDDING;
        const bool site = threat->space == SPAR_SPACE_SITE;
        std::optional<Failure> refusal;
        for (const std::vector<std::int64_t> &shape :
             {std::vector<std::int64_t>{3, 32, 32}, std::vector<std::int64_t>{64, 16},
              std::vector<std::int64_t>{64}}) {
            if (site && shape.size() != 3) continue;  // [heads, queries, keys]
            if (embedding && shape.size() != 2) continue;
            for (const bool classes : {true, false}) {
                if (asked.targeted != 0 && !classes) continue;
                NoNetwork space(shape, 100);
                const auto &loss = classes || !on_values_ ? on_classes_ : on_values_;
                const spar_component_ref *const ref = loss ? &loss->ref() : nullptr;
                try {
                    rehearse_attack(*built, space, asked, ref, classes, words ? &texts : nullptr);
                    return;
                } catch (const Failure &failure) {
                    if (!refusal) refusal = failure;
                }
            }
        }
        told(node, [&] { throw Failure(*refusal); });
    }

    /// Whether an attack or a method works under the threat. If not, adds a problem that names
    /// those that do.
    bool fits(const Instance &component, const Node &node, const Threat &threat) {
        try {
            require_fit(component, threat_of(threat));
            return true;
        } catch (const Failure &failure) {
            const std::string others = fitting(component.ref().kind, threat_of(threat));
            told(node, [&] { throw Failure(failure.exit(), failure.what() + others); });
            return false;
        }
    }
    /// "; attacks that take this threat: noise, pgd". Each is tried with its defaults.
    std::string fitting(spar_kind kind, const spar_threat &threat) const {
        std::string names;
        for (const ComponentEntry &entry : registry_.components()) {
            if (entry.descriptor->kind != kind) continue;
            Json node{{"type", entry.descriptor->type}};
            Checker checker(registry_, *plan_.origins);
            checker.check(node, {{"type", "object"}, {"x-spar-kind", kind_name(kind)}}, grammar(),
                          "");
            try {
                require_fit(*builder_.build(kind, node, ""), threat);
                names += (names.empty() ? "" : ", ") + std::string(entry.descriptor->type);
            } catch (const Failure &) {  // does not fit, or needs parameters
            }
        }
        const std::string what = std::string(kind_name(kind)) + "s";
        return names.empty() ? "; no " + what + " here take this threat"
                             : "; " + what + " that take this threat: " + names;
    }

    /// Turns a failure into a problem at the place that it names.
    template <class Work>
    void told(const Node &node, Work &&work) {
        try {
            work();
        } catch (const Failure &failure) {
            const std::string text = failure.what();
            const std::size_t end = text.find(": ");
            if (text.starts_with("#/") && end != std::string::npos)
                add(text.substr(1, end - 1), text.substr(end + 2));
            else
                add(node.pointer, text);
        }
    }

    void add(const std::string &pointer, const std::string &message) {
        const Problem problem{plan_.place(pointer), message};
        for (const Problem &known : problems_)
            if (known.place == problem.place && known.message == problem.message) return;
        problems_.push_back(problem);
    }

    const Plan &plan_;
    const Registry &registry_;
    Builder builder_;
    std::unique_ptr<Instance> tokenizer_;
    std::unique_ptr<Instance> on_classes_, on_values_;  // what attacks increase
    std::vector<Problem> problems_;
};

}  // namespace

std::vector<Problem> rehearse(const Plan &plan, const Registry &registry) {
    return Rehearsal(plan, registry).run();
}

}  // namespace spar::host
