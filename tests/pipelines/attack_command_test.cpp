// spar attack and spar model: one command in place of a pipeline, and the pipeline that it leaves.
#include "example_files.hpp"
#include "pipelines.hpp"

using namespace spar::test;

namespace {

const std::string fixtures = SPAR_SOURCE_DIR "/tests/framework/weights/fixtures/";

/// The net of the fixtures, as a pipeline that names neither data nor attacks.
Json net() {
    return Json::parse(R"({
        "version": 2, "name": "net", "seed": 1, "data": {},
        "model": {"type": "sequential",
                  "layers": [{"type": "conv", "out": 4, "kernel": 3, "stride": 2, "padding": 1},
                             {"type": "batchnorm"}, {"type": "relu"}, {"type": "flatten"},
                             {"type": "linear", "out": 3}]}})");
}

struct Called {
    std::vector<std::string> words(std::vector<std::string> more) const {
        std::vector<std::string> all{"attack",     fixtures + "cnn.pt",
                                     "--pipeline", folder.write("net.json", net().dump()),
                                     "--data",     fixtures + "cnn.npz"};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }
    Ended call(std::vector<std::string> more) const {
        return spar::test::spar(words(std::move(more)), {}, folder.path().string());
    }
    Json results(const std::string &out) const {
        return Json::parse(file_content(folder / (out + "/results.json")));
    }
    void check_refused(const Ended &ended, int code, const std::vector<std::string> &parts) const {
        INFO(ended.err);
        CHECK(ended.code == code);
        for (const std::string &part : parts) {
            CAPTURE(part);
            CHECK(ended.says(part));
        }
        CHECK(!std::filesystem::exists(folder / "runs"));
    }

    Folder folder;
};

}  // namespace

TEST_CASE("weights are attacked by one command, and the pipeline that it leaves repeats it") {
    const Called called;
    const Ended ended =
        called.call({"--norm",    "linf",        "--eps",      "8/255",
                     "--attack",  "fgsm",        "--attack",   "pgd:steps=5,restarts=2",
                     "--attack",  "pgd:steps=3", "--examples", "20",
                     "--batch",   "7",           "--seed",     "5",
                     "--threads", "2",           "--out",      "once"});
    INFO(ended.all());
    REQUIRE(ended.code == 0);
    CHECK(ended.says("worst case"));
    CHECK(ended.says("once/plan.json; spar run repeats it"));
    const Json results = called.results("once");
    const Json &evaluation = results["evaluation"];
    CHECK(evaluation["examples"] == 20);
    CHECK(results["seed"] == 5);
    CHECK(results["plan"]["evaluate"]["batch_size"] == 7);
    CHECK(results["plan"]["threat"]["eps"].get<double>() == 8.0 / 255);
    REQUIRE(evaluation["attacks"].size() == 3);
    CHECK(evaluation["attacks"][1]["params"]["restarts"] == 2);
    CHECK(evaluation["attacks"][2]["name"] == "pgd-2");
    run({called.folder / "once/plan.json", "--out", called.folder / "twice"});
    check_same_run(what_must_repeat(called.folder / "once"),
                   what_must_repeat(called.folder / "twice"));
}

TEST_CASE("what the call leaves open comes from the run that it names") {
    const Called called;
    Json pipeline = small_pipeline();
    pipeline["evaluate"]["attacks"] = Json::parse(R"([{"type": "fgsm"}])");
    pipeline["train"]["epochs"] = 1;
    run({called.folder.write("p.json", pipeline.dump()), "--out", called.folder / "trained"});
    const std::string run_folder = called.folder / "trained";
    const auto attack = [&](std::vector<std::string> more) {
        more.insert(more.begin(), {"attack", run_folder});
        const Ended ended = spar::test::spar(more, {}, called.folder.path().string());
        INFO(ended.all());
        CHECK(ended.code == 0);
    };
    attack({"--out", "as_it_is"});
    const Json here = called.results("as_it_is")["evaluation"];
    const Json there = called.results("trained")["evaluation"];
    CHECK(here["clean_accuracy"] == there["clean_accuracy"]);
    CHECK(here["attacks"][0]["type"] == "fgsm");
    CHECK(here["attacks"][0]["threat"]["eps"] == there["attacks"][0]["threat"]["eps"]);
    attack({"--out", "wider", "--eps", "0.2", "--attack", "noise"});
    const Json wider = called.results("wider")["evaluation"];
    CHECK(wider["attacks"][0]["threat"]["norm"] == "linf");
    CHECK(wider["attacks"][0]["threat"]["eps"] == 0.2);
    REQUIRE(wider["attacks"].size() == 1);
    CHECK(wider["attacks"][0]["type"] == "noise");
    // Without --out every call has a folder of its own.
    attack({});
    attack({});
    CHECK(std::filesystem::exists(called.folder / "runs/trained-attack/results.json"));
    CHECK(std::filesystem::exists(called.folder / "runs/trained-attack-2/results.json"));
}

TEST_CASE("a target, an entry of a checkpoint and a prefix are options too") {
    const Called called;
    const Ended ended = spar::test::spar(
        {"attack", fixtures + "checkpoint.pt", "--pipeline",
         called.folder.write("net.json", net().dump()), "--data", fixtures + "cnn.npz", "--norm",
         "l2", "--eps", "0.5", "--attack", "pgd:steps=2", "--key", "model.ema", "--prefix",
         "module.", "--targeted=2", "--out", "out"},
        {}, called.folder.path().string());
    INFO(ended.all());
    REQUIRE(ended.code == 0);
    const Json threat = called.results("out")["evaluation"]["attacks"][0]["threat"];
    CHECK(threat["target"] == 2);
    CHECK(threat["norm"] == "l2");
    const Ended random = called.call({"--norm", "l2", "--eps", "0.5", "--attack", "pgd:steps=2",
                                      "--targeted", "--out", "random"});
    CHECK(random.code == 0);
    CHECK(called.results("random")["evaluation"]["attacks"][0]["threat"]["target"] == "random");
}

TEST_CASE("what is missing or wrong is said with the option, before anything is written") {
    const Called called;
    const std::string weights = fixtures + "cnn.pt", data = fixtures + "cnn.npz";
    const auto refused = [&](std::vector<std::string> words, int code,
                             const std::vector<std::string> &parts) {
        words.insert(words.begin(), "attack");
        called.check_refused(spar::test::spar(words, {}, called.folder.path().string()), code,
                             parts);
    };
    refused({weights, "--data", data, "--norm", "linf", "--eps", "0.1"}, 2,
            {"do not say what the net computes", "--pipeline P.json"});
    refused({"gone.onnx", "--data", data}, 2, {"no such file", "net.py:net"});
    refused({called.folder.path().string()}, 2, {"not a run's", "plan.json"});
    refused({called.folder.write("net.py", "")}, 2, {"after a colon"});
    const auto wrong = [&](std::vector<std::string> more, int code,
                           const std::vector<std::string> &parts) {
        called.check_refused(called.call(std::move(more)), code, parts);
    };
    wrong({}, 2, {"expected --norm linf"});
    wrong({"--norm", "linf"}, 2, {"expected --eps 8/255"});
    wrong({"--norm", "l7", "--eps", "0.1"}, 3, {"--norm#/threat/norm", "\"l7\""});
    wrong({"--norm", "linf", "--eps", "many"}, 3, {"--eps#/threat/eps", "\"many\""});
    wrong({"--norm", "linf", "--eps", "0.1", "--attack", "pdg"}, 3,
          {"--attack pdg#/evaluate/attacks/0", "pgd"});
    wrong({"--norm", "linf", "--eps", "0.1", "--attack", "pgd:stepz=3"}, 3,
          {"--attack pgd:stepz=3#/evaluate/attacks/0/stepz", "steps"});
    wrong({"--norm", "linf", "--eps", "0.1", "--examples", "some"}, 3, {"--examples#/evaluate"});
    wrong({"--norm", "linf", "--eps", "0.1", "--attack", "pgd:"}, 2, {"nothing after the colon"});
    // Two settings that do not go together are found as spar check finds them.
    wrong({"--norm", "l0", "--eps", "3", "--attack", "fgsm"}, 3, {"l0"});
}

TEST_CASE("the kinds of models become their components") {
    const Called called;
    const auto composed = [&](const std::string &target, const std::string &type) {
        const Ended ended =
            spar::test::spar({"attack", target, "--data", fixtures + "cnn.npz", "--norm", "linf",
                              "--eps", "0.1", "--attack", "fgsm", "--out", "composed"},
                             {}, called.folder.path().string());
        INFO(ended.all());
        // The file is empty: what refuses it is the component, or the want of one.
        CHECK(ended.code != 0);
        CHECK(ended.says("#/model"));
        CHECK(ended.says(type));
    };
    composed(called.folder.write("net.onnx", ""), "onnx");
    called.folder.write("net.py", "");
    composed(called.folder / "net.py:net", "python");
}

TEST_CASE("spar model tells what weights hold, and what works on a model") {
    const Called called;
    const Ended weights = spar::test::spar({"model", fixtures + "cnn.pt"});
    CHECK(weights.code == 0);
    CHECK(weights.says("9 tensors, 252 numbers"));
    CHECK(weights.says("4.weight"));
    CHECK(weights.says("[3,64]"));
    CHECK(weights.says("--pipeline"));
    const Ended entries = spar::test::spar({"model", fixtures + "checkpoint.pt"});
    CHECK(entries.code == 6);
    CHECK(entries.says("\"state_dict\" (9 tensors)"));
    CHECK(spar::test::spar({"model", fixtures + "checkpoint.pt", "--key", "state_dict"}).code == 0);
    const std::string file = called.folder.write("net.json", net().dump());
    const Ended unknown = spar::test::spar({"model", file});
    CHECK(unknown.code == 2);
    CHECK(unknown.says("--input 3,32,32"));
    for (const std::vector<std::string> &how :
         {std::vector<std::string>{"--input", "1,8,8"}, {"--data", fixtures + "cnn.npz"}}) {
        std::vector<std::string> words{"model", file, "--json"};
        words.insert(words.end(), how.begin(), how.end());
        const Ended ended = spar::test::spar(words);
        INFO(ended.all());
        REQUIRE(ended.code == 0);
        const Json model = Json::parse(ended.out);
        CHECK(model["input"] == Json{1, 8, 8});
        CHECK(model["outputs"] == 3);
        CHECK(model["numbers"] == 36 + 4 + 8 + 192 + 3);
        CHECK(model["multiply_adds"] == 16 * 36 + 64 * 3);
        REQUIRE(model["layers"].size() == 5);
        CHECK(model["layers"][0] == Json::parse(R"({"name": "0", "type": "conv", "shape": [4, 4, 4],
              "parameters": 40, "multiply_adds": 576})"));
        CHECK(model["layers"][2]["type"] == "relu");
        const Json linf = model["attacks"]["norms"]["linf"];
        CHECK(std::find(linf.begin(), linf.end(), "auto_attack") != linf.end());
        const Json l0 = model["attacks"]["norms"]["l0"];
        CHECK(std::find(l0.begin(), l0.end(), "pgd") != l0.end());
        CHECK(std::find(l0.begin(), l0.end(), "fgsm") == l0.end());
    }
    for (const std::string shape : {"", "3,", ",3", "0,3", "a", "3;4", "99999999999999999999"})
        CHECK(spar::test::spar({"model", file, "--input", shape}).code == 2);
}
