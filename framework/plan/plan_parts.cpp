#include "plan/plan_parts.hpp"

#include "base/secrets.hpp"
#include "base/warnings.hpp"
#include "base/words.hpp"
#include "plan/check.hpp"
#include "plan/file_name.hpp"
#include "plan/grammar.hpp"
#include "plan/threat.hpp"
#include "plan/threat_words.hpp"
#include "text/schema.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

namespace spar::host {
namespace {

/// A component's node without the host's keys.
Node node_at(const Json &owner, const char *name, const std::string &pointer,
             std::initializer_list<const char *> host_keys = {}) {
    const auto found = owner.find(name);
    if (found == owner.end()) return {};
    Json json = *found;
    for (const char *key : host_keys) json.erase(key);
    return {std::make_shared<const Json>(std::move(json)), child_pointer(pointer, name)};
}

template <class T>
std::optional<T> optional_at(const Json &owner, const char *name) {
    const auto found = owner.find(name);
    return found != owner.end() ? std::optional<T>(found->get<T>()) : std::nullopt;
}

Schedule schedule_of(const Json &json) {
    static constexpr std::pair<const char *, Schedule::Type> types[] = {
        {"constant", Schedule::Type::constant},
        {"step", Schedule::Type::step},
        {"cosine", Schedule::Type::cosine},
        {"linear", Schedule::Type::linear},
        {"cyclic", Schedule::Type::cyclic}};
    Schedule schedule;
    for (const auto &[name, type] : types)
        if (json.at("type") == name) schedule.type = type;
    schedule.warmup_epochs = json.value("warmup_epochs", 0.0);
    schedule.milestones = json.value("milestones", std::vector<double>());
    schedule.gamma = json.value("gamma", schedule.gamma);
    schedule.peak = json.value("peak", schedule.peak);
    schedule.final = json.value("final", schedule.final);
    return schedule;
}

Split split_of(const Json &json) {
    const auto word = json.value("split", "drawn");
    return word == "first" ? Split::first : word == "last" ? Split::last : Split::drawn;
}

TrainPlan train_of(const Json &json) {
    TrainPlan train;
    train.method = node_at(json, "method", "/train");
    train.loss = node_at(json, "loss", "/train");
    train.optimizer = node_at(json, "optimizer", "/train");
    for (std::size_t i = 0; i < json.value("augment", Json::array()).size(); ++i)
        train.augment.push_back({std::make_shared<const Json>(json.at("augment")[i]),
                                 child_pointer("/train/augment", i)});
    train.epochs = json.at("epochs").get<std::int64_t>();
    train.batch_size = json.at("batch_size").get<std::int64_t>();
    train.drop_last = json.at("drop_last").get<bool>();
    train.schedule = schedule_of(json.at("schedule"));
    train.eps_warmup_epochs = json.at("eps_warmup_epochs").get<double>();
    train.attack_precision =
        value_of(precision_words, json.at("attack_precision").get<std::string>());
    if (json.contains("clip")) {
        train.clip_norm = optional_at<double>(json.at("clip"), "norm");
        train.clip_value = optional_at<double>(json.at("clip"), "value");
    }
    if (json.contains("ema"))
        train.averaging = Averaging{json.at("ema").at("decay").get<double>(),
                                    json.at("ema").at("warmup").get<bool>()};
    train.examples = optional_at<std::int64_t>(json, "examples");
    train.split = split_of(json);
    train.validate_attack = node_at(json, "validate_attack", "/train");
    train.checkpoint_every = json.at("checkpoint_every").get<std::int64_t>();
    train.keep_best = json.at("keep") == "best";
    return train;
}

AttackPlan attack_of(const Json &root, const std::optional<Threat> &threat, std::size_t index,
                     Checker &checker) {
    Json own = root.at("evaluate").at("attacks")[index];
    const std::string pointer = child_pointer("/evaluate/attacks", index);
    AttackPlan attack{own.value("name", ""), {}, threat};
    if (!attack.name.empty()) check_file_name(attack.name, child_pointer(pointer, "name"), checker);
    if (own.contains("threat"))
        attack.threat =
            changed_threat(root, own.at("threat"), child_pointer(pointer, "threat"), checker);
    else if (!threat)
        checker.problem(pointer,
                        "needs a threat model: give the pipeline a \"threat\" with \"norm\" "
                        "and \"eps\", or this attack one of its own");
    own.erase("name");
    own.erase("threat");
    attack.attack = {std::make_shared<const Json>(std::move(own)), pointer};
    return attack;
}

/// Gives every attack a name: its own, or its type, numbered if several would be the same.
void name_attacks(std::vector<AttackPlan> &attacks, Checker &checker) {
    std::set<std::string> names{"clean"};  // the name of the file of clean inputs
    for (const AttackPlan &attack : attacks)
        if (!attack.name.empty() && !names.insert(attack.name).second)
            checker.problem(child_pointer(attack.attack.pointer, "name"),
                            attack.name == "clean"
                                ? "this is the name of the file of clean inputs; choose another"
                                : "another attack is called " + quote(attack.name) + " already");
    for (AttackPlan &attack : attacks) {
        if (!attack.name.empty()) continue;
        const auto type = attack.attack.json->at("type").get<std::string>();
        attack.name = type;
        for (int n = 2; !names.insert(attack.name).second; ++n)
            attack.name = type + "-" + std::to_string(n);
    }
}

EvaluatePlan evaluate_of(const Json &root, const std::optional<Threat> &threat, Checker &checker) {
    const Json &json = root.at("evaluate");
    EvaluatePlan evaluate;
    evaluate.examples = optional_at<std::int64_t>(json, "examples");
    evaluate.split = split_of(json);
    evaluate.batch_size = json.at("batch_size").get<std::int64_t>();
    evaluate.loss = node_at(json, "loss", "/evaluate");
    evaluate.attention = json.at("attention").get<bool>();
    evaluate.save_adversarial = json.at("save_adversarial") != false;
    evaluate.compress_adversarial = json.at("save_adversarial") == "compressed";
    if (json.contains("threshold")) {
        const Json &threshold = json.at("threshold");
        evaluate.least_clean_accuracy = optional_at<double>(threshold, "clean_accuracy");
        evaluate.least_robust_accuracy = optional_at<double>(threshold, "robust_accuracy");
    }
    for (std::size_t i = 0; i < json.at("attacks").size(); ++i)
        evaluate.attacks.push_back(attack_of(root, threat, i, checker));
    name_attacks(evaluate.attacks, checker);
    return evaluate;
}

void validation_of(const Json &json, DataPlan &data, Checker &checker) {
    data.validation = node_at(json, "dataset", "/data/validation");
    data.validation_examples = json.value("examples", std::int64_t{0});
    data.validation_split = split_of(json);
    if (!data.validates())
        checker.problem("/data/validation",
                        "expected \"examples\", how many to hold out of \"train\", or a "
                        "\"dataset\" of their own");
}

/// The grammar's default losses, complete with their parameters' defaults.
AttackedLoss attacked_loss(Checker &checker) {
    const std::string pointer = "/evaluate/loss";
    const Json &rule = grammar().at("definitions").at("evaluate").at("properties").at("loss");
    const auto completed = [&](const char *key) -> Node {
        auto node = std::make_shared<Json>(rule.at(key));
        if (!checker.known(SPAR_KIND_LOSS, node->at("type").get<std::string>())) return {};
        checker.check(*node, rule, grammar(), pointer);
        return {node, pointer};
    };
    return {completed("x-spar-on-classes"), completed("x-spar-on-values")};
}

void warn_of_long_warmups(const TrainPlan &train) {
    const auto epochs = static_cast<double>(train.epochs);
    const auto warn = [&](const char *place, double warmup, const char *what) {
        if (warmup >= epochs && warmup > 0)
            warnings().add({.code = "long_warmup",
                            .place = place,
                            .message = "a warm-up of " + found(Json(warmup)) +
                                       " epochs in a training of " + found(Json(train.epochs)) +
                                       " never reaches the full " + what,
                            .remedy = "make it shorter than \"epochs\""});
    };
    warn("#/train/schedule/warmup_epochs", train.schedule.warmup_epochs, "learning rate");
    warn("#/train/eps_warmup_epochs", train.eps_warmup_epochs, "eps");
}

/// Attacks on texts need texts, and a model that reads their tokens.
void check_texts(const Plan &plan, Checker &checker) {
    std::vector<const Threat *> threats;
    if (plan.threat) threats.push_back(&*plan.threat);
    if (plan.evaluate)
        for (const AttackPlan &attack : plan.evaluate->attacks)
            if (attack.threat) threats.push_back(&*attack.threat);
    std::set<std::string> told;
    for (const Threat *threat : threats) {
        if (threat->space != SPAR_SPACE_TOKENS || !told.insert(threat->pointer).second) continue;
        const auto refuse = [&](const std::string &why) {
            checker.problem(child_pointer(threat->pointer, "space"), why);
        };
        if (!plan.data.tokenizer)
            refuse(
                "\"tokens\" is for attacks on texts, and \"data\" has no \"tokenizer\" that would "
                "make tokens of them");
        else if (plan.data.presence)
            refuse(
                "attacks on texts need a model that reads their tokens: leave \"form\": "
                "\"presence\" out of \"data\"");
    }
    if (plan.data.unlabelled && plan.train && plan.threat &&
        plan.threat->space == SPAR_SPACE_TOKENS)
        checker.problem("/data/unlabelled",
                        "no method makes use of examples without labels where texts are attacked: "
                        "leave this out, or perturb their vectors");
}

/// What one part requires of another.
void check_together(const Plan &plan, const Json &root_data, Checker &checker) {
    if (!plan.train && !plan.evaluate)
        checker.problem("", "expected \"train\", \"evaluate\" or both; there is nothing to do");
    if (plan.train && !plan.data.train)
        checker.problem("/data", "training needs \"train\", the examples to train on");
    if (plan.evaluate && !plan.data.test)
        checker.problem("/data", "evaluation needs \"test\", the examples to evaluate on");
    for (const char *key : {"max_length", "form"})
        if (root_data.contains(key) && !plan.data.tokenizer)
            checker.problem(std::string("/data/") + key,
                            "goes with a \"tokenizer\", and there is none");
    if (plan.data.unlabelled && !plan.train)
        checker.problem("/data/unlabelled", "is for training, and there is no \"train\"");
    if (plan.data.unlabelled && plan.threat && plan.threat->space == SPAR_SPACE_PARAMETER)
        checker.problem("/data/unlabelled",
                        "where a parameter is perturbed, a batch is one point, and its loss needs "
                        "labels: leave this out, or perturb examples");
    check_texts(plan, checker);
    const bool validation = plan.data.validates();
    if (validation && !plan.data.validation && !plan.data.train)
        checker.problem("/data/validation", "there is no \"train\" to take them from");
    if (plan.train && plan.train->keep_best && !validation)
        checker.problem("/train/keep", "the best epoch is found by \"validation\" in \"data\"");
    if (plan.train && plan.train->eps_warmup_epochs > 0 && !plan.threat)
        checker.problem("/train/eps_warmup_epochs", "there is no \"threat\" whose eps could rise");
    if (plan.train && plan.train->validate_attack && !validation)
        checker.problem("/train/validate_attack", "needs \"validation\" in \"data\"");
    if (plan.train && plan.train->validate_attack && !plan.threat)
        checker.problem("/train/validate_attack", "needs the pipeline's \"threat\"");
    if (plan.train && plan.train->validate_attack && plan.threat &&
        plan.threat->space == SPAR_SPACE_PARAMETER)
        checker.problem("/train/validate_attack",
                        "the pipeline's \"threat\" perturbs a parameter, which is for training and "
                        "measures no robust accuracy; leave this out");
    if (plan.train) warn_of_long_warmups(*plan.train);
    if (!plan.evaluate) return;
    for (const AttackPlan &attack : plan.evaluate->attacks)
        if (attack.threat && attack.threat->space == SPAR_SPACE_PARAMETER)
            checker.problem(attack.attack.pointer,
                            "a perturbed parameter is for training and measures no robust "
                            "accuracy; give this attack a \"threat\" of its own with \"space\": "
                            "\"input\", or \"embedding\" for text");
    if (plan.evaluate->least_robust_accuracy && plan.evaluate->attacks.empty())
        checker.problem("/evaluate/threshold/robust_accuracy",
                        "there is no attack to measure it by");
}

}  // namespace

Plan typed_plan(const Json &root, Checker &checker, PlanUse use) {
    Plan plan;
    plan.name = root.at("name").get<std::string>();
    check_file_name(plan.name, "/name", checker);
    plan.seed = root.at("seed").get<std::uint64_t>();
    const Json &data = root.at("data");
    plan.data.train = node_at(data, "train", "/data");
    plan.data.test = node_at(data, "test", "/data");
    plan.data.tokenizer = node_at(data, "tokenizer", "/data");
    plan.data.max_length = data.value("max_length", plan.data.max_length);
    plan.data.presence = data.value("form", "") == "presence";
    plan.data.unlabelled = node_at(data, "unlabelled", "/data");
    if (data.contains("validation")) validation_of(data.at("validation"), plan.data, checker);
    plan.model = node_at(root, "model", "", {"weights", "weights_map"});
    plan.weights = root.at("model").value("weights", "");
    plan.weights_map = weights_map_of(root.at("model"), checker);
    if (root.contains("threat")) plan.threat = threat_of(root.at("threat"), "/threat", checker);
    if (root.contains("train")) plan.train = train_of(root.at("train"));
    if (plan.train && plan.data.unlabelled)
        plan.train->unlabelled_batch_size =
            root.at("train").value("unlabelled_batch_size", plan.train->batch_size);
    else if (plan.train && root.at("train").contains("unlabelled_batch_size"))
        checker.problem("/train/unlabelled_batch_size",
                        "there is no \"unlabelled\" set in \"data\" to take them from");
    plan.attacked_loss = attacked_loss(checker);
    if (root.contains("evaluate")) plan.evaluate = evaluate_of(root, plan.threat, checker);
    const Json &report = root.at("report");
    for (std::size_t i = 0; i < report.size(); ++i)
        plan.report.push_back(
            {std::make_shared<const Json>(report[i]), child_pointer("/report", i)});
    if (use == PlanUse::run) check_together(plan, data, checker);
    plan.resolved = std::make_shared<const Json>(json_without_secrets(root));
    return plan;
}

}  // namespace spar::host
