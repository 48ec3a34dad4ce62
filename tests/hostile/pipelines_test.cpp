// Pipelines that are wrong: exit code 3, every fault with its place, and nothing written.
#include "hostile.hpp"

using namespace spar::test;

namespace {

void check_wrong(const std::string &pointer, const Json &value,
                 const std::vector<std::string> &words = {}) {
    INFO(pointer, " = ", value.dump());
    std::vector<std::string> all = words;
    all.push_back("#" + pointer);
    check_refused(run_json(with(pointer, value)), 3, all);
}

/// A number that JSON can write and the library cannot hold, put in as text.
void check_wrong_text(const std::string &pointer, const std::string &text) {
    INFO(pointer, " = ", text);
    std::string pipeline = with(pointer, "PLACEHOLDER").dump(1);
    pipeline.replace(pipeline.find("\"PLACEHOLDER\""), 13, text);
    check_refused(run_text(pipeline), 3, {"pipeline.json"});
}

}  // namespace

TEST_CASE("the sound pipeline runs, so that what fails below fails for its own reason") {
    const Ran ran = run_json(sound_pipeline());
    INFO(ran.ended.err);
    CHECK(ran.ended.code == 0);
    CHECK(ran.results);
}

TEST_CASE("text that is no JSON is refused with line and column") {
    const std::string sound = sound_pipeline().dump(1);
    for (const std::string &text :
         {std::string(), std::string(" \n\t"), std::string("{"), std::string("[]"),
          std::string("null"), std::string("\"text\""), sound + "}", sound + " x",
          sound.substr(0, sound.size() / 2), "/* comment\n" + sound, std::string(3, '\0') + sound,
          std::string("{\"version\": NaN}"), std::string("{\"version\": Infinity}"),
          std::string("{\"version\": 01}"), std::string("{\"version\": 1,,}"),
          std::string("{'version': 1}"), std::string("{\"name\": \"\xff\xfe\"}"),
          std::string("{\"name\": \"\\ud800\"}"), std::string("{\"name\": \"a\nb\"}")}) {
        INFO(text.substr(0, 60));
        check_refused(run_text(text), 3, {"pipeline.json"});
    }
}

TEST_CASE("numbers that nothing can hold are refused") {
    for (const std::string number :
         {"1e400", "-1e400", "1000000000000000000000000000000", "-99999999999999999999"})
        for (const std::string pointer : {"/threat/eps", "/train/epochs", "/seed"})
            check_wrong_text(pointer, number);
}

TEST_CASE("nesting without end is refused, not followed") {
    for (const std::size_t depth : {std::size_t{100}, std::size_t{100000}}) {
        check_refused(run_text(std::string(depth, '[') + std::string(depth, ']')), 3,
                      {"pipeline.json"});
        check_refused(run_text(std::string(depth, '[')), 3, {"pipeline.json"});
        std::string objects;
        for (std::size_t i = 0; i < depth; ++i) objects += "{\"a\":";
        check_refused(run_text(objects), 3, {"pipeline.json"});
    }
}

TEST_CASE("100 MB of garbage is refused before it is read") {
    const Folder folder;
    const std::string file = folder / "garbage.json";
    {
        std::ofstream out(file, std::ios::binary);
        const std::string block(1 << 20, '{');
        for (int i = 0; i < 100; ++i) out << block;
    }
    const Ended ended = spar::test::spar({"check", file});
    CHECK(ended.code == 3);
    CHECK(ended.says("garbage.json"));
    std::filesystem::remove(file);
    for (const std::string &place :
         {std::string("/dev/zero"), folder.path().string(), std::string("/nonexistent")}) {
        const Ended other = spar::test::spar({"check", place});
        CAPTURE(place);
        CHECK((other.code == 3 || other.code == 2));
        CHECK(!other.late);
        CHECK(other.says(place));
    }
}

TEST_CASE("duplicate keys are refused, wherever they stand") {
    std::string text = sound_pipeline().dump(1);
    text.replace(text.find("\"eps\""), 5, "\"eps\": 0.2, \"eps\"");
    check_refused(run_text(text), 3, {"eps"});
    check_refused(run_text("{\"version\": 1, " + sound_pipeline().dump().substr(1)), 3,
                  {"version"});
}

TEST_CASE("unknown keys are refused, and the nearest known one is offered") {
    check_wrong("/treat", Json::object(), {"threat"});
    check_wrong("/train/epoch", 3, {"epochs"});
    check_wrong("/evaluate/attacks/0/step", 3);
    check_wrong("/model/layers/1/outs", 3, {"out"});
    check_wrong("/threat/epsilon", 0.1, {"eps"});
}

TEST_CASE("missing keys are refused") {
    for (const std::string pointer :
         {"/version", "/name", "/data", "/model", "/train/method", "/train/loss",
          "/train/optimizer", "/train/epochs", "/threat/norm", "/threat/eps", "/model/layers",
          "/model/layers/1/out", "/data/train", "/data/test", "/model/type", "/train/loss/type"}) {
        INFO(pointer);
        const std::string name = Json::json_pointer(pointer).back();
        check_refused(run_json(without(pointer)), 3, {name});
    }
    check_refused(run_json(without("/threat")), 3, {"threat"});
}

TEST_CASE("wrong types are refused") {
    for (const std::string pointer : {"/version",
                                      "/name",
                                      "/seed",
                                      "/data",
                                      "/data/train",
                                      "/data/train/examples",
                                      "/model",
                                      "/model/layers",
                                      "/model/layers/0",
                                      "/model/layers/1/out",
                                      "/threat",
                                      "/threat/norm",
                                      "/threat/eps",
                                      "/train",
                                      "/train/method",
                                      "/train/loss",
                                      "/train/optimizer/lr",
                                      "/train/epochs",
                                      "/train/batch_size",
                                      "/evaluate",
                                      "/evaluate/attacks",
                                      "/evaluate/attacks/0"})
        for (const Json &value : {Json(nullptr), Json(true), Json::array({1})}) {
            if (pointer == "/evaluate/attacks" || pointer == "/model/layers")
                check_wrong(pointer, 7);
            else
                check_wrong(pointer, value);
        }
}

TEST_CASE("numbers out of range are refused") {
    check_wrong("/threat/eps", -0.1);
    check_wrong("/threat/norm", "l7", {"linf"});
    check_wrong("/train/epochs", 0);
    check_wrong("/train/epochs", -3);
    check_wrong("/train/epochs", 2.5);
    check_wrong("/train/batch_size", 0);
    check_wrong("/train/optimizer/lr", -1);
    check_wrong("/seed", -1);
    check_wrong("/version", 3);
    check_wrong("/data/train/examples", 0);
    check_wrong("/evaluate/attacks/0", {{"type", "pgd"}, {"steps", -1}});
    check_wrong("/evaluate/attacks/0", {{"type", "pgd"}, {"restarts", 0}});
    check_wrong("/evaluate/examples", 0);
    check_wrong("/model/layers/1/out", 0);
    check_wrong("/model/layers/1/out", -10);
    check_wrong("/name", "../escape");
    check_wrong("/name", "");
}

TEST_CASE("unknown components are refused, and the nearest name is offered") {
    check_wrong("/train/method/type", "naturel", {"natural"});
    check_wrong("/train/loss/type", "crossentropy", {"cross_entropy"});
    check_wrong("/evaluate/attacks/0/type", "fgms", {"fgsm"});
    check_wrong("/train/optimizer/type", "sdg", {"sgd"});
    check_wrong("/data/train/type", "digit", {"digits"});
    check_wrong("/model/type", "sequentail", {"sequential"});
    check_wrong("/model/layers/1/type", "lineer", {"linear"});
    check_wrong("/train/loss/type", "sgd");
    check_wrong("/model/type", std::string(100000, 'x'));
    check_wrong("/model/type", "../../lib/evil.so");
}

TEST_CASE("all problems are reported at once") {
    Json pipeline = with("/threat/eps", -1);
    pipeline = with("/train/epochs", 0, pipeline);
    pipeline = with("/train/loss/type", "none_such", pipeline);
    pipeline = with("/evaluate/attacks/0/unheard_of", 1, pipeline);
    check_refused(
        run_json(pipeline), 3,
        {"#/threat/eps", "#/train/epochs", "#/train/loss", "#/evaluate/attacks/0/unheard_of"});
}

TEST_CASE("shapes that do not fit are refused with the layer, what came and what was wanted") {
    check_refused(
        run_json(with("/model/layers", Json::parse(R"([{"type": "conv", "out": 4, "kernel": 99},
                                                {"type": "flatten"}, {"type": "linear", "out": 10}])"))),
        3, {"/model/layers/0", "28"});
    check_refused(run_json(with("/model/layers/1/out", 3)), 3, {"10", "3"});
    check_refused(
        run_json(with("/model/layers", Json::parse(R"([{"type": "linear", "out": 10}])"))), 3,
        {"/model/layers/0"});
}

TEST_CASE("a pipeline that asks for more than there is says so") {
    check_refused(run_json(with("/data/validation", {{"examples", 20}})), 3, {"/data/validation"});
    check_refused(run_json(with("/threat/target", 12)), 3, {"/threat/target"});
    check_refused(run_json(with("/evaluate/attacks",
                                Json::parse(R"([{"type": "fgsm", "name": "../../evil"}])"))),
                  3, {"/evaluate/attacks/0"});
}

TEST_CASE("calls that are wrong are refused as calls") {
    const Folder folder;
    const std::string file = folder.write("p.json", sound_pipeline().dump());
    for (const std::vector<std::string> &words :
         std::vector<std::vector<std::string>>{{},
                                               {"rnu", file},
                                               {"run"},
                                               {"run", file, file},
                                               {"run", file, "--thread", "2"},
                                               {"run", file, "--threads", "0"},
                                               {"run", file, "--threads", "two"},
                                               {"run", file, "--threads", "99999999999999999999"},
                                               {"run", file, "--out"},
                                               {"run", file, "--out", ""},
                                               {"run", file, "--set", "nonsense"},
                                               {"list", "no_such_kind"},
                                               {"describe", "no_such_component"}}) {
        const Ended ended = spar::test::spar(words, {}, folder.path().string());
        INFO(ended.err);
        CHECK(ended.code == 2);
        CHECK(ended.err.size() > 10);
    }
    CHECK(spar::test::spar({"run", file, "--set", "train.epochs=0"}, {}, folder.path().string())
              .code == 3);
    CHECK(spar::test::spar({"run", file, "--set", "no.such.place=0"}, {}, folder.path().string())
              .code == 3);
    CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}
