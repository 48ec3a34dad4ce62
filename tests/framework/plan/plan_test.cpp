#include "plan/plan.hpp"

#include "../toys.hpp"

#include "base/problems.hpp"
#include "base/warnings.hpp"
#include "plan/grammar.hpp"

#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

using namespace spar::host;
using namespace spar::test;

namespace {

Plan plan_with(const std::vector<Setting> &settings, const std::string &text = toy_pipeline) {
    return parse_plan(text, "p", "/folder", settings, toys());
}

std::string fault(const std::vector<Setting> &settings) {
    const Failure failure = failure_of([&] { plan_with(settings); });
    CHECK(failure.exit() == Exit::pipeline);
    return failure.what();
}

/// What an independent validator says of a value.
bool validates(const Json &schema, const Json &value) {
    const nlohmann::json plain_schema = nlohmann::json::parse(schema.dump());
    const nlohmann::json plain_value = nlohmann::json::parse(value.dump());
    valijson::Schema parsed;
    valijson::SchemaParser(valijson::SchemaParser::kDraft7)
        .populateSchema(valijson::adapters::NlohmannJsonAdapter(plain_schema), parsed);
    return valijson::Validator().validate(
        parsed, valijson::adapters::NlohmannJsonAdapter(plain_value), nullptr);
}

}  // namespace

TEST_CASE("a small pipeline and all its defaults") {
    const Plan plan = plan_with({});
    CHECK(plan.name == "toy");
    CHECK(plan.seed == 1);
    CHECK(plan.data.train.pointer == "/data/train");
    CHECK(plan.data.train.json->at("size") == 10);
    CHECK(plan.data.test.json->at("size") == 5);
    CHECK(plan.data.validation_examples == 0);
    CHECK(plan.model.json->at("layers").at(0).at("bias") == true);
    CHECK(plan.weights.empty());
    REQUIRE(plan.threat);
    CHECK(plan.threat->eps == 0.3);
    CHECK(plan.threat->norm == SPAR_NORM_LINF);
    CHECK(plan.threat->space == SPAR_SPACE_INPUT);
    CHECK(plan.threat->target == Target::none);
    CHECK(!plan.threat->lower);
    REQUIRE(plan.train);
    CHECK(plan.train->epochs == 2);
    CHECK(plan.train->batch_size == 128);
    CHECK(plan.train->schedule.type == Schedule::Type::constant);
    CHECK(plan.train->method.json->at("attack") ==
          Json::parse(R"({"type":"push","steps":3,"start":"random"})"));
    CHECK(!plan.train->validate_attack);
    CHECK(!plan.train->keep_best);
    REQUIRE(plan.evaluate);
    CHECK(plan.evaluate->batch_size == 256);
    CHECK(plan.evaluate->loss.pointer == "/evaluate/loss");
    CHECK(plan.evaluate->save_adversarial);
    REQUIRE(plan.evaluate->attacks.size() == 1);
    CHECK(plan.evaluate->attacks[0].name == "push");
    CHECK(plan.evaluate->attacks[0].threat->eps == 0.3);
    CHECK(plan.report.empty());
    CHECK(plan.path("x") == "/folder/x");
}

TEST_CASE("everything that can be said") {
    const Plan plan = plan_with({
        {"seed", "7"},
        {"data.validation", R"({"examples":3})"},
        {"model.weights", "w.safetensors"},
        {"threat", R"({"norm":"l2","eps":1,"lower":-1,"upper":2,"target":3,"queries":50})"},
        {"train.schedule", R"({"type":"step","milestones":[1,2],"gamma":0.5,"warmup_epochs":1})"},
        {"train.eps_warmup_epochs", "1.5"},
        {"train.clip", R"({"norm":1.5,"value":2})"},
        {"train.ema", R"({"decay":0.99})"},
        {"train.examples", "9"},
        {"train.validate_attack", R"({"type":"push"})"},
        {"train.keep", "best"},
        {"evaluate.loss", R"({"type":"square"})"},
        {"evaluate.threshold", R"({"clean_accuracy":0.9,"robust_accuracy":0.5})"},
        {"evaluate.save_adversarial", "false"},
        {"report", R"([{"type":"quiet"}])"},
    });
    CHECK(plan.seed == 7);
    CHECK(plan.data.validation_examples == 3);
    CHECK(std::filesystem::path(plan.weights) == std::filesystem::current_path() / "w.safetensors");
    CHECK(!plan.model.json->contains("weights"));
    CHECK(plan.threat->norm == SPAR_NORM_L2);
    CHECK(*plan.threat->upper == 2);
    CHECK(plan.threat->target == Target::one_class);
    CHECK(plan.threat->target_class == 3);
    CHECK(plan.threat->queries == 50);
    CHECK(plan.train->schedule.milestones == std::vector<double>{1, 2});
    CHECK(plan.train->schedule.warmup_epochs == 1);
    CHECK(plan.train->eps_warmup_epochs == 1.5);
    CHECK(*plan.train->clip_norm == 1.5);
    CHECK(plan.train->averaging->decay == 0.99);
    CHECK(plan.train->averaging->warm_up);
    CHECK(*plan.train->examples == 9);
    CHECK(plan.train->validate_attack.pointer == "/train/validate_attack");
    CHECK(plan.train->keep_best);
    CHECK(plan.evaluate->loss.pointer == "/evaluate/loss");
    CHECK(*plan.evaluate->least_robust_accuracy == 0.5);
    CHECK(!plan.evaluate->save_adversarial);
    CHECK(plan.report[0].pointer == "/report/0");
    CHECK(plan.resolved->at("model").at("weights") == plan.weights);
}

TEST_CASE("the attacks: names, and threats of their own") {
    const Plan plan = plan_with({{"evaluate.attacks", R"([
        {"type":"push"}, {"type":"push","threat":{"eps":0.1}}, {"type":"push","name":"push-2"},
        {"type":"chain","attacks":[{"type":"push"}],"threat":{"norm":"l1","target":"random"}}])"}});
    const auto &attacks = plan.evaluate->attacks;
    REQUIRE(attacks.size() == 4);
    CHECK(attacks[0].name == "push");
    CHECK(attacks[1].name == "push-3");
    CHECK(attacks[2].name == "push-2");
    CHECK(attacks[1].threat->eps == 0.1);
    CHECK(attacks[1].threat->norm == SPAR_NORM_LINF);
    CHECK(attacks[3].threat->norm == SPAR_NORM_L1);
    CHECK(attacks[3].threat->eps == 0.3);
    CHECK(attacks[3].threat->target == Target::random);
    CHECK(!attacks[1].attack.json->contains("threat"));
    CHECK(!attacks[2].attack.json->contains("name"));
    CHECK(attacks[3].attack.pointer == "/evaluate/attacks/3");
    CHECK(plan_with({{"threat", "null"}, {"evaluate.attacks.0.threat", R"({"norm":"l2","eps":2})"}})
              .evaluate->attacks[0]
              .threat->eps == 2);
}

TEST_CASE("values out of range, each with its place") {
    const std::pair<Setting, const char *> faults[] = {
        {{"version", "3"}, "#/version: expected one of 1, 2; found 3"},
        {{"seed", "-1"}, "expected an integer at least 0; found -1"},
        {{"seed", "1.0"}, "expected an integer at least 0"},
        {{"name", ""}, "/name"},
        {{"name", "../x"}, "expected letters, digits"},
        {{"name", "a b"}, "expected letters, digits"},
        {{"threat.eps", "-0.1"}, "expected a number from 0 to"},
        {{"threat.norm", "linff"}, "did you mean \"linf\"?"},
        {{"threat.target", "-2"}, "an integer at least 0; found -2"},
        {{"threat.lower", "2"}, ""},
        {{"train.epochs", "0"}, "expected an integer from 1 to 1000000; found 0"},
        {{"train.epochs", "1.5"}, "found 1.5"},
        {{"train.batch_size", "0"}, "/train/batch_size"},
        {{"train.batch_size", "99999999999"}, "/train/batch_size"},
        {{"train.optimizer.lr", "0"}, "expected a number greater than 0"},
        {{"train.ema", R"({"decay":1})"}, "less than 1"},
        {{"train.schedule", R"({"type":"cosin"})"}, "did you mean \"cosine\"?"},
        {{"train.schedule", R"({"type":"cyclic","warmup_epochs":1})"}, "unknown key"},
        {{"train.schedule", R"({"type":"step"})"}, "\"milestones\" is missing"},
        {{"train.keep", "first"}, "one of \"last\", \"best\""},
        {{"evaluate.attacks.0.steps", "0"}, "p: "},
        {{"evaluate.attacks.0.name", "a/b"}, "expected letters, digits"},
        {{"evaluate.attacks.0.threat", R"({"epss":1})"}, "did you mean \"eps\"?"},
        {{"evaluate.attacks.0.threat", R"({"eps":"x"})"}, "expected a number from 0 to"},
        {{"evaluate.attack", "[]"}, "did you mean \"attacks\"?"},
        {{"trian", "{}"}, "did you mean \"train\"?"},
        {{"report", R"([{"type":"loud"}])"}, "no reporter is called \"loud\""},
        {{"model", "null"}, "the key \"model\" is missing: a model"},
    };
    for (const auto &entry : faults) {
        const auto &setting = entry.first;
        const auto &message = entry.second;
        INFO(setting.path, "=", setting.value);
        if (setting.path == "threat.lower") {
            CHECK(has(fault({setting, {"threat.upper", "1"}}), "is greater than upper"));
        } else if (setting.path == "evaluate.attacks.0.steps") {
            CHECK(has(fault({setting}), "expected an integer from 1 to 1000; found 0"));
        } else {
            CHECK(has(fault({setting}), message));
        }
    }
}

TEST_CASE("what one part requires of another") {
    CHECK(has(fault({{"data.train", "null"}}), "p#/data: training needs \"train\""));
    CHECK(has(fault({{"data.test", "null"}}), "p#/data: evaluation needs \"test\""));
    CHECK(has(fault({{"train", "null"}, {"evaluate", "null"}}), "there is nothing to do"));
    CHECK(has(fault({{"threat", "null"}}), "p#/evaluate/attacks/0: needs a threat model"));
    CHECK(has(fault({{"threat", "null"}, {"evaluate.attacks.0.threat", R"({"eps":1})"}}),
              "/evaluate/attacks/0/threat: the key \"norm\" is missing"));
    CHECK(has(fault({{"train.keep", "best"}}), "/train/keep"));
    CHECK(has(fault({{"train.validate_attack", R"({"type":"push"})"}}), "needs \"validation\""));
    CHECK(has(
        fault({{"evaluate.attacks", R"([{"type":"push","name":"a"},{"type":"push","name":"a"}])"}}),
        "another attack is called \"a\" already"));
    CHECK(
        has(fault({{"evaluate.attacks", "[]"}, {"evaluate.threshold", R"({"robust_accuracy":1})"}}),
            "no attack to measure it by"));
    CHECK(has(fault({{"threat.space", "parameter"}}), "\"parameter\" names what is perturbed"));
    CHECK_NOTHROW(
        plan_with({{"train", "null"}, {"data.train", "null"}, {"evaluate.attacks", "[]"}}));
    CHECK_NOTHROW(plan_with({{"evaluate", "null"}, {"threat", "null"}}));
}

TEST_CASE("a fraction is a number, and the plan has its value") {
    const Plan plan = plan_with({{"threat.eps", "8/255"}, {"train.optimizer.lr", "1 / 3"}});
    CHECK(plan.threat->eps == 8.0 / 255.0);
    CHECK(plan.train->optimizer.json->at("lr").get<double>() == 1.0 / 3.0);
    CHECK(plan.resolved->at("threat").at("eps").get<double>() == 8.0 / 255.0);
    CHECK(has(fault({{"threat.eps", "-8/255"}}), "expected a number from 0"));
    CHECK(has(fault({{"threat.eps", "8/0"}}), "found the text \"8/0\""));
    CHECK(has(fault({{"train.epochs", "4/2"}}), "expected an integer"));
    // What may be a text remains one.
    CHECK(has(fault({{"threat.target", "1/2"}}), "found the text \"1/2\""));
}

TEST_CASE("a plan knows its files, its warnings, and where everything was written") {
    const Plan plan = plan_with({{"data.train.file", "/nonexistent/a.bin"},
                                 {"data.test.file", SPAR_SOURCE_DIR "/README.md"},
                                 {"vars.spare", "1"}});
    REQUIRE(plan.files.size() == 2);
    CHECK(plan.files[0].pointer == "/data/train/file");
    const std::vector<Problem> missing = missing_files(plan);
    REQUIRE(missing.size() == 1);
    CHECK(missing[0].place == "--set data.train.file#/data/train/file");
    CHECK(has(missing[0].message, "\"/nonexistent/a.bin\" does not exist, nor does its folder"));
    REQUIRE(warnings().all().size() == 1);
    CHECK(warnings().all()[0].code == "unused_variable");
    CHECK(plan.with_file("#/train/method: is odd") == "p#/train/method: is odd");
    CHECK(plan.with_file("no place") == "no place");
    CHECK(plan.with_file("#/train/method pgd_at: is odd") == "p#/train/method pgd_at: is odd");
}

TEST_CASE("all problems of a pipeline at once") {
    const Failure failure = failure_of([&] {
        plan_with({{"train.epochs", "0"},
                   {"threat.eps", "-1"},
                   {"evaluate.attacks.0.stpes", "1"},
                   {"model.layers.0.out", "x"}});
    });
    for (const char *place : {"/epochs", "/eps", "/stpes", "/out"})
        CHECK(has(failure.what(), place));
}

TEST_CASE("a file, its folder, and one it extends in another") {
    const Folder folder;
    std::filesystem::create_directory(folder.path() / "base");
    folder.write("base/base.json", toy_pipeline);
    const std::string file = folder.write("p.json", R"({"$schema":"x","extends":"base/base.json",
        "data":{"train":{"file":"mine.bin"}},"model":{"weights":"w"}})");
    const Plan plan = load_plan(file, {{"data.test.file", "there.bin"}}, toys());
    const std::filesystem::path top = std::filesystem::canonical(folder.path());
    CHECK(plan.folder == top);
    CHECK(plan.data.train.json->at("file") == (top / "mine.bin").string());
    CHECK(plan.data.test.json->at("file") ==
          (std::filesystem::current_path() / "there.bin").string());
    CHECK(plan.weights == (top / "w").string());
    CHECK(!plan.resolved->contains("$schema"));
    const Plan again = parse_plan(plan.resolved->dump(), "again", "/elsewhere", {}, toys());
    CHECK(*again.resolved == *plan.resolved);
}

TEST_CASE("the schema for editors accepts what is accepted, and refuses what is refused") {
    const Json schema = whole_schema(toys());
    const Json good = *plan_with({}).resolved;
    CHECK(validates(schema, good));
    CHECK(validates(schema, Json::parse(toy_pipeline)));
    CHECK(!schema.dump().empty());
    CHECK(schema.dump().find("x-spar-kind") == std::string::npos);
    Json attacks = good;
    attacks["evaluate"]["attacks"] = Json::parse(
        R"([{"type":"chain","name":"c","attacks":[{"type":"push"}],"threat":{"eps":1}}])");
    attacks["model"] = Json::parse(
        R"({"type":"net","weights":"w","layers":[{"type":"block","layers":[{"type":"dense","out":1}]}]})");
    CHECK(validates(schema, attacks));
    const auto broken = [&](const char *pointer, const Json &value) {
        Json bad = attacks;
        bad[Json::json_pointer(pointer)] = value;
        return !validates(schema, bad);
    };
    CHECK(broken("/train/epochs", 0));
    CHECK(broken("/train/epoch", 1));
    CHECK(broken("/evaluate/attacks/0/type", "psuh"));
    CHECK(broken("/evaluate/attacks/0/attacks/0/steps", 0));
    CHECK(broken("/evaluate/attacks/0/attacks/0/name", "inner attacks have none"));
    CHECK(broken("/model/layers/0/layers/0/out", "x"));
    CHECK(broken("/train/loss", {{"type", "push"}}));
    CHECK(!broken("/threat/eps", "8/255"));
    CHECK(broken("/threat/eps", "8/x"));
    CHECK(broken("/train/epochs", "8/2"));
}
