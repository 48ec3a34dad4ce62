// Plugins that load well and then break the contract in a call, through the command: exit code 4 (6
// for data), the component by name, and no results.
#include "hostile.hpp"

#include <array>

using namespace spar::test;

namespace {

/// The place of a component of each kind in the sound pipeline.
const std::map<std::string, std::string> places = {
    {"dataset", "/data/train"},        {"model", "/model"},
    {"loss", "/train/loss"},           {"optimizer", "/train/optimizer"},
    {"attack", "/evaluate/attacks/0"}, {"method", "/train/method"},
    {"reporter", "/report/0"},         {"transform", "/train/augment/0"},
};

/// The sound pipeline on the zoo's own data and model, with one component of the zoo.
Json pipeline_with(const std::string &kind, const Json &component) {
    Json pipeline = sound_pipeline();
    pipeline["data"]["train"] = pipeline["data"]["test"] = {{"type", "misbehaving_dataset"}};
    pipeline["model"] = {{"type", "misbehaving_model"}};
    pipeline["report"] = pipeline["train"]["augment"] = Json::array();
    pipeline[Json::json_pointer(places.at(kind))] = component;
    return pipeline;
}

Ran run(const Json &pipeline) {
    return run_json(pipeline, {"--plugin-dir", SPAR_ZOO_DIR "/misbehaving"});
}

void check_fails(const Json &pipeline, int code, const std::vector<std::string> &words) {
    INFO(pipeline.dump());
    const Ran ran = run(pipeline);
    INFO(ran.ended.err);
    CHECK(ran.ended.code == code);
    // A reporter's faults are reported once everything else is done.
    CHECK((!ran.results || !pipeline["report"].empty()));
    for (const std::string &word : words) {
        CAPTURE(word);
        CHECK(ran.ended.err.find(word) != std::string::npos);
    }
}

void check_misbehaves(const std::string &kind, const std::string &how, int code,
                      const std::vector<std::string> &words) {
    check_fails(pipeline_with(kind, {{"type", "misbehaving_" + kind}, {"how", how}}), code, words);
}

}  // namespace

TEST_CASE("the zoo's plain components run, so that what fails below fails for its own reason") {
    for (const auto &place : places) {
        const std::string &kind = place.first;
        CAPTURE(kind);
        for (const std::string type : {"misbehaving_", "throws_in_"}) {
            const Ran ran = run(pipeline_with(kind, {{"type", type + kind}}));
            INFO(ran.ended.err);
            CHECK(ran.ended.code == 0);
            CHECK(ran.results);
        }
    }
}

TEST_CASE("an exception out of any function is caught, and its plugin named") {
    const std::map<std::string, std::vector<std::string>> functions = {
        {"dataset", {"create", "info", "read", "file"}},
        {"model",
         {"create", "setup", "outputs", "parameter_count", "parameter", "parameters_changed",
          "pass"}},
        {"loss", {"create", "evaluate", "needs"}},
        {"optimizer", {"create", "state_count", "state_name", "update"}},
        {"attack", {"create", "fits", "perturb"}},
        {"method", {"create", "fits", "prepare", "gradients"}},
        {"reporter", {"create", "begin", "event", "finish"}},
        {"transform", {"create", "apply"}}};
    for (const auto &[kind, names] : functions)
        for (const std::string &name : names)
            check_fails(pipeline_with(kind, {{"type", "throws_in_" + kind}, {"in", name}}), 4,
                        {"planted in " + name, "throws_in_" + kind, "throws_in_calls.so"});
}

TEST_CASE("a component that fails on text alone is named") {
    const Folder folder;
    folder.write("text.tsv", "1 good good film\n0 bad film\n1 good\n0 bad bad\n");
    const auto on_text = [&](const std::string &kind, const Json &component) {
        Json pipeline = pipeline_with(kind, component);
        pipeline["data"]["train"] =
            pipeline["data"]["test"] = {{"type", "text"}, {"file", folder / "text.tsv"}};
        pipeline["data"]["tokenizer"] = {{"type", "words"}};
        pipeline["data"]["max_length"] = 5;
        pipeline["threat"] = {{"norm", "l2"}, {"eps", 0.5}, {"space", "embedding"}};
        if (kind != "model")
            pipeline["model"] = Json::parse(R"({"type": "sequential", "layers": [
                {"type": "embedding", "dim": 3}, {"type": "mean_pool"},
                {"type": "linear", "out": 2}]})");
        return pipeline;
    };
    check_fails(on_text("attack", {{"type", "misbehaving_attack"}, {"how", "moves_padding"}}), 4,
                {"misbehaving_attack", "moves position 2, which is padding"});
    check_fails(on_text("model", {{"type", "throws_in_model"}, {"in", "extension"}}), 4,
                {"planted in extension", "throws_in_model", "throws_in_calls.so"});
}

TEST_CASE("an attack that leaves the threat model is named and fails the evaluation") {
    for (const std::string how : {"leaves_ball", "leaves_box", "last_value_nan", "infinite"})
        check_misbehaves("attack", how, 4,
                         {"misbehaving_attack", "broke the threat model", "/evaluate/attacks/0"});
}

TEST_CASE("a component that changes the processor's arithmetic is named") {
    for (const std::string how : {"rounds_upward", "flushes_denormals"})
        check_misbehaves("attack", how, 4,
                         {"misbehaving_attack", "floating-point", "misbehaving.so"});
}

#if !defined(__SANITIZE_ADDRESS__)
TEST_CASE("a plugin that writes past the end of an array is named with the array") {
    const std::map<std::string, std::string> arrays = {{"dataset", "the end of x in read"},
                                                       {"model", "the end of outputs in pass"},
                                                       {"optimizer", "the end of state in update"},
                                                       {"transform", "the end of x in apply"}};
    for (const auto &[kind, words] : arrays)
        check_misbehaves(kind, "past_the_end", 4,
                         {"misbehaving_" + kind, words, "bytes after", places.at(kind)});
}
#endif

TEST_CASE("an attack that asks the oracle nonsense gets an answer, not memory") {
    check_misbehaves("attack", "fails_without_a_word", 4, {"misbehaving_attack"});
    check_misbehaves("attack", "fails_with_unknown_code", 4, {"code 4711"});
    for (const std::string how : {"asks_for_rows_that_are_not_there", "asks_with_a_tape_of_99",
                                  "pulls_back_through_no_tape"})
        check_misbehaves("attack", how, 4, {"misbehaving_attack"});
    check_misbehaves("attack", "asks_with_newer_fields", 3, {"misbehaving_attack", "newer"});
}

TEST_CASE(
    "a dataset that answers nonsense fails as data, before anything is written where it can") {
    for (const std::string how : {"empty", "negative", "no_shape", "shape_overflows",
                                  "too_many_dimensions", "no_classes", "box_upside_down"}) {
        INFO(how);
        const Ran ran =
            run(pipeline_with("dataset", {{"type", "misbehaving_dataset"}, {"how", how}}));
        INFO(ran.ended.err);
        CHECK((ran.ended.code == 6 || ran.ended.code == 3 || ran.ended.code == 4));
        CHECK(ran.ended.err.find("/data/train") != std::string::npos);
        CHECK(!ran.wrote);
    }
    for (const std::string how : {"label_too_large", "label_negative", "nan", "outside_box"})
        check_misbehaves("dataset", how, 6, {"misbehaving_dataset", "example 7"});
}

TEST_CASE("a model that answers nonsense is named") {
    for (const std::string how :
         {"nan_outputs", "nan_gradients", "few_outputs", "no_outputs", "null_value",
          "null_gradient", "null_name", "negative_shape", "endless_parameters"}) {
        CAPTURE(how);
        const Ran ran = run(pipeline_with("model", {{"type", "misbehaving_model"}, {"how", how}}));
        INFO(ran.ended.err);
        CHECK((ran.ended.code == 4 || ran.ended.code == 3));
        CHECK(!ran.results);
        CHECK(ran.ended.err.find(how == "nan_gradients" ? "0.weight" : "/model") !=
              std::string::npos);
    }
}

TEST_CASE("losses, optimizers, methods and reporters that answer nonsense fail the run") {
    check_misbehaves("loss", "nan_gradient", 4, {"0.weight"});
    check_misbehaves("loss", "needs_the_impossible", 3, {"misbehaving_loss"});
    for (const std::string how : {"nan", "infinite"}) check_misbehaves("optimizer", how, 4, {});
    check_misbehaves("method", "nan", 4, {"0.weight"});
    Json stepless =
        pipeline_with("model", {{"type", "misbehaving_model"}, {"how", "takes_no_steps"}});
    stepless["train"]["method"] = {{"type", "yopo"}, {"passes", 1}, {"inner_steps", 3}};
    check_fails(stepless, 4, {"#/model", "moved 0 rows", "expected 3 steps of 10 rows"});
    for (const std::string how : {"tensor_of_two_sizes", "endless_tensor", "attacks_with_nothing"})
        check_misbehaves("method", how, 4, {"misbehaving_method"});
    Json staged = pipeline_with(
        "method", {{"type", "misbehaving_method"}, {"how", "steps_with_input_gradients"}});
    check_fails(staged, 3, {"misbehaving_method", "no first stage"});
    staged["model"] = {{"type", "sequential"},
                       {"layers", Json::parse(R"([{"type": "conv", "out": 2, "kernel": 3},
                           {"type": "flatten"}, {"type": "linear", "out": 10}])")}};
    for (const char *how :
         {"steps_with_input_gradients", "steps_with_other_x", "steps_with_negative_count",
          "steps_with_no_ascent", "steps_with_tape", "steps_with_forward_only"}) {
        staged["train"]["method"]["how"] = how;
        check_fails(staged, 4, {"misbehaving_method", "wants the gradients of parameters alone"});
    }
    check_misbehaves("reporter", "fails", 4, {"the printer is on fire", "misbehaving_reporter"});
}

TEST_CASE("a transform that leaves the box, or fails, is named") {
    for (const std::string how : {"leaves_box", "nan", "infinite"})
        check_misbehaves("transform", how, 4,
                         {"misbehaving_transform", "outside its box", "/train/augment/0"});
    check_misbehaves("transform", "fails", 4, {"the scissors are blunt", "misbehaving_transform"});
    check_misbehaves("transform", "does_not_fit", 3,
                     {"needs other examples", "/train/augment/0/how"});
}
