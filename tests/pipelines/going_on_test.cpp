// With what a stopped run may go on, and with what it may not; what its folder vouches for.
#include "pipelines.hpp"

#include "example_files.hpp"

using namespace spar::test;

namespace {

/// Digits as an .npz that can be another file later; trains in a moment.
Json pipeline(const Folder &folder, int epochs = 2) {
    Json json = small_pipeline();
    write_npz(folder / "train.npz", 60);
    json["data"] = {{"train", {{"type", "npz"}, {"file", "train.npz"}}},
                    {"test", {{"type", "npz"}, {"file", "train.npz"}}}};
    json["model"]["layers"] =
        Json::parse(R"([{"type": "flatten"}, {"type": "linear", "out": 10}])");
    json["train"]["method"] = {{"type", "natural"}};
    json["train"]["batch_size"] = 20;
    json["train"]["epochs"] = epochs;
    json["train"].erase("schedule");
    json["train"].erase("ema");
    json["evaluate"]["attacks"] = Json::parse(R"([{"type": "fgsm"}])");
    return json;
}

Ended resume(const Folder &folder, const Json &json, const std::string &how = "--resume") {
    return spar::test::spar({"run", write(folder, "p.json", json), "--out", folder / "out", how});
}

Json results(const Folder &folder) {
    return Json::parse(file_content(folder / "out/results.json"));
}

}  // namespace

TEST_CASE("other data is refused, or recorded") {
    const Folder folder;
    const Json json = pipeline(folder);
    run({write(folder, "p.json", json), "--out", folder / "out"});
    write_npz(folder / "train.npz", 40);
    const Ended refused = resume(folder, json);
    CHECK(refused.code == 9);
    CHECK(refused.says("train.npz"));
    CHECK(refused.says("--resume=anyway"));
    const Ended anyway = resume(folder, json, "--resume=anyway");
    INFO(anyway.err);
    CHECK(anyway.code == 0);
    CHECK(anyway.says("train.npz"));
    const Json changes = results(folder)["provenance"]["changes"];
    REQUIRE(changes.size() == 1);
    CHECK(changes[0]["step"] == 6);
    CHECK(changes[0]["what"].get<std::string>().find("train.npz") != std::string::npos);
    CHECK(resume(folder, json, "--resume=other").code == 2);
}

TEST_CASE(
    "other weights to start from are refused; they are not missed once they are no longer needed") {
    const Folder folder;
    Json json = pipeline(folder);
    run({write(folder, "p.json", json), "--out", folder / "first"});
    std::filesystem::copy_file(folder / "first/model.safetensors", folder / "w.safetensors");
    json["model"]["weights"] = "w.safetensors";
    run({write(folder, "p.json", json), "--out", folder / "out"});
    const Json before = results(folder);
    std::filesystem::remove(folder / "w.safetensors");
    CHECK(resume(folder, json).code == 0);
    CHECK(results(folder)["provenance"]["weights_sha256"] ==
          before["provenance"]["weights_sha256"]);
    std::filesystem::copy_file(folder / "out/model.safetensors", folder / "w.safetensors");
    const Ended other = resume(folder, json);
    CHECK(other.code == 9);
    CHECK(other.says("weights"));
}

TEST_CASE("another plugin is refused") {
    const Folder folder;
    Json json = pipeline(folder);
    std::filesystem::create_directory(folder / "plugins");
    std::filesystem::copy_file(std::string(SPAR_PLUGIN_DIR) + "/natural.so",
                               folder / "plugins/natural.so");
    const auto change = [&] { std::ofstream(folder / "plugins/natural.so", std::ios::app) << 'x'; };
    change();  // the very file that Spar has is not another plugin
    json["train"]["method"]["plugin"] = "plugins/natural.so";
    const Environment there{{"SPAR_PLUGIN_PATH", folder / "plugins"}};
    const std::string file = write(folder, "p.json", json);
    run({file, "--out", folder / "out"}, there);
    change();
    const Ended refused =
        spar::test::spar({"run", file, "--out", folder / "out", "--resume"}, there);
    CHECK(refused.code == 9);
    CHECK(refused.says("the plugin natural.so"));
}

TEST_CASE("what changes no number may differ") {
    const Folder folder;
    Json json = pipeline(folder);
    run({write(folder, "p.json", json), "--out", folder / "out", "--threads", "1"});
    const auto before = what_must_repeat(folder / "out");
    json["name"] = "renamed";
    json["train"]["checkpoint_every"] = 2;
    json["evaluate"]["batch_size"] = 7;
    json["evaluate"]["threshold"] = {{"clean_accuracy", 0}};
    json["report"] = Json::parse(R"([{"type": "json"}])");
    const Ended ended = resume(folder, json);
    INFO(ended.err);
    CHECK(ended.code == 0);
    CHECK((what_must_repeat(folder / "out").at("model.safetensors") ==
           before.at("model.safetensors")));
    CHECK((what_must_repeat(folder / "out").at("adversarial/fgsm.npz") ==
           before.at("adversarial/fgsm.npz")));
    CHECK(results(folder)["plan"]["evaluate"]["batch_size"] == 7);
    json["train"]["batch_size"] = 30;
    const Ended other = resume(folder, json);
    CHECK(other.code == 3);
    CHECK(other.says("#/train/batch_size"));
}

TEST_CASE("more epochs of a finished run are those of a longer one, and fewer are refused") {
    const Folder folder;
    Json json = pipeline(folder, 5);
    run({write(folder, "p.json", json), "--out", folder / "whole"});
    json["train"]["epochs"] = 2;
    run({write(folder, "p.json", json), "--out", folder / "out"});
    json["train"]["epochs"] = 5;
    CHECK(resume(folder, json).code == 0);
    CHECK((file_content(folder / "out/model.safetensors") ==
           file_content(folder / "whole/model.safetensors")));
    const Json found = results(folder);
    CHECK(found["train"]["epochs"].size() == 5);
    CHECK(found["provenance"]["changes"][0]["what"] == "train.epochs: 2 then, 5 now");
    json["train"]["epochs"] = 4;
    CHECK(resume(folder, json).code == 3);
    json["train"]["epochs"] = 6;
    json["train"]["schedule"] = {{"type", "cosine"}};
    CHECK(resume(folder, json).code == 3);
}

TEST_CASE("the events of a resumed run are written once") {
    const Folder folder;
    Json json = pipeline(folder, 4);
    const std::string file = write(folder, "p.json", json);
    run({file, "--out", folder / "whole"});
    json["train"]["epochs"] = 2;
    run({write(folder, "p.json", json), "--out", folder / "out"});
    for (const int epochs : {2, 4, 4}) {
        json["train"]["epochs"] = epochs;
        REQUIRE(resume(folder, json).code == 0);
    }
    const std::string events = file_content(folder / "out/events.jsonl");
    for (int epoch = 0; epoch < 4; ++epoch)
        for (const std::string name : {"epoch", "epoch_end"}) {
            const std::string said =
                R"("name":")" + name + R"(","value":)" + std::to_string(epoch) + "}";
            CAPTURE(said);
            CHECK(events.find(said) != std::string::npos);
            CHECK(events.find(said) == events.rfind(said));
        }
    for (const std::string said :
         {R"("epochs","value":2})", R"("epochs","value":4})", R"("clean_accuracy",)"}) {
        CHECK(events.find(said) != std::string::npos);
        CHECK(events.find(said) == events.rfind(said));
    }
}

TEST_CASE("the results name the model's hash, and its folder's model is checked") {
    const Folder folder;
    Json json = pipeline(folder);
    run({write(folder, "p.json", json), "--out", folder / "out"});
    const std::string model = folder / "out/model.safetensors";
    json["model"]["weights"] = "out/model.safetensors";
    json.erase("train");
    json["evaluate"]["loss"] = {{"type", "cross_entropy"}};
    run({write(folder, "q.json", json), "--out", folder / "again"});
    std::string bytes = file_content(model);
    bytes[bytes.size() - 3] = static_cast<char>(bytes[bytes.size() - 3] ^ 1);
    folder.write("out/model.safetensors", bytes);
    const Ended flipped =
        spar::test::spar({"run", write(folder, "q.json", json), "--out", folder / "flipped"});
    CHECK(flipped.code == 6);
    CHECK(flipped.says("not the file that its run left"));
    CHECK(!std::filesystem::exists(folder / "flipped"));
}

TEST_CASE("a folder of a run killed while it wrote plan.json can be started and resumed") {
    for (const bool resumed : {false, true}) {
        const Folder folder;
        const Json json = pipeline(folder);
        for (const char *name : {"out/checkpoints", "out/adversarial"})
            std::filesystem::create_directories(folder / name);
        folder.write("out/plan.json.partial", "{");
        folder.write("out/adversarial/fgsm.npz.partial.aB3dE5", "PK");
        std::vector<std::string> words{write(folder, "p.json", json), "--out", folder / "out"};
        if (resumed) words.emplace_back("--resume");
        run(words);
        for (const auto &file : std::filesystem::recursive_directory_iterator(folder / "out"))
            CHECK(file.path().string().find(".partial") == std::string::npos);
    }
}

TEST_CASE("a planted link is not written through") {
    const Folder folder;
    const Json json = pipeline(folder);
    folder.write("victim", "precious");
    std::filesystem::create_directories(folder / "out/checkpoints");
    for (const char *name : {"out/plan.json.partial", "out/results.json.partial",
                             "out/checkpoints/last.safetensors.partial"})
        std::filesystem::create_symlink(folder / "victim", folder / name);
    run({write(folder, "p.json", json), "--out", folder / "out"});
    CHECK(file_content(folder / "victim") == "precious");
}

TEST_CASE("without the reporter json the results are there") {
    const Folder folder;
    std::filesystem::create_directory(folder / "plugins");
    for (const auto &file : std::filesystem::directory_iterator(SPAR_PLUGIN_DIR))
        if (file.path().extension() == ".so" && file.path().filename() != "json.so")
            std::filesystem::copy_file(file.path(),
                                       folder / ("plugins/" + file.path().filename().string()));
    run({write(folder, "p.json", pipeline(folder)), "--out", folder / "out"},
        {{"SPAR_PLUGIN_PATH", folder / "plugins"}});
    CHECK(results(folder)["train"]["epochs"].size() == 2);
}

TEST_CASE("a last batch of one is refused before the training, or dropped") {
    const Folder folder;
    Json json = pipeline(folder);
    write_npz(folder / "train.npz", 61);
    json["model"]["layers"] = Json::parse(
        R"([{"type": "flatten"}, {"type": "linear", "out": 8}, {"type": "batchnorm"},
            {"type": "linear", "out": 10}])");
    const std::string file = write(folder, "p.json", json);
    const Ended refused = spar::test::spar({"run", file, "--out", folder / "out"});
    CHECK(refused.code == 3);
    CHECK(refused.says("61 examples in batches of 20 leave a batch of one"));
    CHECK(refused.says("drop_last"));
    CHECK(!std::filesystem::exists(folder / "out"));
    run({file, "--out", folder / "out", "--set", "train.drop_last=true"});
    const std::string events = file_content(folder / "out/events.jsonl");
    CHECK(events.find("{\"step\":6,") != std::string::npos);
    CHECK(events.find("{\"step\":7,") == std::string::npos);
    const Ended none = spar::test::spar({"run", file, "--out", folder / "none", "--set",
                                         "train.drop_last=true", "--set", "train.batch_size=62"});
    CHECK(none.code == 3);
    CHECK(none.says("no whole batch"));
    const Ended single = spar::test::spar({"run", file, "--out", folder / "none", "--set",
                                           "train.drop_last=true", "--set", "train.batch_size=1"});
    CHECK(single.code == 3);
    CHECK(single.says("choose another size. "));
}

TEST_CASE("secrets go to components, and nowhere else") {
    const Folder folder;
    Json json = pipeline(folder);
    std::filesystem::create_directory(folder / "tok-3n-x");
    std::filesystem::rename(folder / "train.npz", folder / "tok-3n-x/train.npz");
    for (const char *part : {"train", "test"})
        json["data"][part]["file"] = "./${secret:TOKEN}/train.npz";
    const std::string file = write(folder, "p.json", json);
    const Environment token{{"TOKEN", "tok-3n-x"}};
    const auto words = [&](const std::vector<std::string> &more) {
        std::vector<std::string> all{"run", file, "--out", folder / "out"};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    };
    for (const std::vector<std::string> &more :
         std::vector<std::vector<std::string>>{{"--json"}, {"--resume"}, {"--resume", "--json"}}) {
        const Ended ended = spar::test::spar(words(more), token);
        INFO(ended.err);
        CHECK(ended.code == 0);
        CHECK(!ended.says("tok-3n-x"));
    }
    for (const auto &entry : std::filesystem::recursive_directory_iterator(folder / "out"))
        if (entry.is_regular_file())
            CHECK(file_content(entry.path().string()).find("tok-3n-x") == std::string::npos);
    CHECK(results(folder)["plan"]["data"]["train"]["file"].get<std::string>().find(
              "${secret:TOKEN}") != std::string::npos);
    const Ended named = spar::test::spar({"check", file, "--set", "name=a-${secret:TOKEN}"}, token);
    CHECK(named.code == 3);
    CHECK(!named.says("tok-3n-x"));
    const Ended missing = spar::test::spar(
        {"run", file, "--set", "data.train.file=./no-${secret:TOKEN}", "--out", folder / "no"},
        token);
    CHECK(missing.code == 6);
    CHECK(!missing.says("tok-3n-x"));
    CHECK(spar::test::spar({"check", file}, {{"TOKEN", "abc"}}).code == 3);
    CHECK(spar::test::spar({"check", file}).code == 3);
}
