// State of components: kept in checkpoints, given back when a training is resumed.
#include "pipelines.hpp"

#include "interrupting.hpp"
#include "loaded_tensors.hpp"

#include <set>

using namespace spar::test;

namespace {

const std::string zoo = SPAR_ZOO_DIR "/interrupting:" SPAR_ZOO_DIR "/remembering:" SPAR_PLUGIN_DIR;

/// A training of which every part counts its calls: 18 examples in batches of 5, 6 to validate on,
/// 24 to test on.
Json pipeline() {
    return Json::parse(R"({
        "version": 2, "name": "remembering", "seed": 3,
        "data": {"train": {"type": "interrupting", "data": {"type": "remembering_dataset"}},
                 "validation": {"examples": 6},
                 "test": {"type": "remembering_dataset"}},
        "model": {"type": "remembering_model"},
        "threat": {"norm": "linf", "eps": 0.5},
        "train": {"method": {"type": "remembering_method",
                             "attack": {"type": "remembering_attack"}},
                  "loss": {"type": "remembering_loss"},
                  "optimizer": {"type": "remembering_optimizer"},
                  "augment": [{"type": "remembering_transform"}],
                  "validate_attack": {"type": "remembering_attack"},
                  "epochs": 3, "batch_size": 5, "keep": "last"},
        "evaluate": {"loss": {"type": "remembering_loss"}, "attacks": [{"type": "noise"}]}})");
}

Environment stopping_after(int examples) {
    Environment environment{{"SPAR_PLUGIN_PATH", zoo}};
    if (examples >= 0) environment[stop_after_variable] = std::to_string(examples);
    return environment;
}

Ended resume(const Folder &folder, const std::string &plugins = zoo,
             const std::string &how = "--resume") {
    return spar::test::spar({"run", folder / "p.json", "--out", folder / "out", how},
                            {{"SPAR_PLUGIN_PATH", plugins}});
}

/// The pipeline with something wrong with a component's memory.
Json spoilt(const std::string &place, const std::string &how) {
    Json json = pipeline();
    json[Json::json_pointer(place)]["how"] = how;
    return json;
}

}  // namespace

TEST_CASE("a resumed run restores the state of its components") {
    const Folder folder;
    const std::string file = write(folder, "p.json", pipeline());
    run({file, "--out", folder / "whole"}, stopping_after(-1));
    const auto whole = what_must_repeat(folder / "whole");
    // 24 reads before the training; an epoch is 18, and 6 to validate on.
    int stops = 0;
    for (const int examples : {30, 41, 44, 55, 67, 80}) {
        CAPTURE(examples);
        const std::string out = folder / std::to_string(examples);
        const Ended stopped =
            spar::test::spar({"run", file, "--out", out}, stopping_after(examples));
        INFO(stopped.err);
        REQUIRE(stopped.code == 75);
        stops += std::filesystem::exists(out + "/checkpoints/last.safetensors") ? 1 : 0;
        run({file, "--out", out, "--threads", "2", "--resume"}, stopping_after(-1));
        check_same_run(whole, what_must_repeat(out));
    }
    CHECK(stops >= 5);  // the others began anew
}

TEST_CASE("a checkpoint holds the state of every component of the training, by its place") {
    const Folder folder;
    run({write(folder, "p.json", pipeline()), "--out", folder / "out"}, stopping_after(-1));
    std::set<std::string> places;
    for (const auto &[name, tensor] :
         load_safetensors(folder / "out/checkpoints/last.safetensors").tensors)
        if (name.starts_with("component.")) {
            places.insert(name.substr(10));
            CHECK(tensor.shape == std::vector<std::int64_t>{8});
        }
    const std::set<std::string> expected{"/data/train/data",        "/model",
                                         "/train/augment/0",        "/train/loss",
                                         "/train/method",           "/train/method/attack",
                                         "/train/optimizer",        "/train/validate_attack",
                                         "validation/evaluate/loss"};
    CHECK((places == expected));
}

TEST_CASE("state that is read too far, not to its end, or not at all is refused by name") {
    const std::map<std::string, std::string> faults{
        {"load_reads_more", "asked for 16 more bytes of state, where 8 of the 8"},
        {"hides_reading_more", "asked for 16 more bytes of state, where 8 of the 8"},
        {"load_reads_less", "read 0 of the 8 bytes of state"},
        {"load_fails", "the notebook is torn"}};
    for (const auto &fault : faults)
        for (const std::string place : {"/train/method/attack", "/train/optimizer"}) {
            const std::string &how = fault.first;
            CAPTURE(how);
            CAPTURE(place);
            const Folder folder;
            run({write(folder, "p.json", spoilt(place, how)), "--out", folder / "out"},
                stopping_after(-1));
            const Ended ended = resume(folder);
            INFO(ended.err);
            CHECK(ended.code == (how == "load_fails" ? 6 : 4));
            CHECK(ended.says(fault.second));
            CHECK(ended.says("#" + place));
            CHECK(ended.says("remembering.so"));
            CHECK(ended.says("train anew in another folder"));
        }
}

TEST_CASE("state that cannot be saved, or is too large, ends the training by name") {
    for (const std::string how : {"save_fails", "save_is_endless", "hides_endless_save"}) {
        CAPTURE(how);
        const Folder folder;
        const std::string file = write(folder, "p.json", spoilt("/train/method", how));
        const Ended ended =
            spar::test::spar({"run", file, "--out", folder / "out"}, stopping_after(-1));
        INFO(ended.err);
        CHECK(ended.code == 4);
        CHECK(ended.says(how == "save_fails" ? "the notebook is full" : "268435456 bytes"));
        CHECK(ended.says("#/train/method"));
        CHECK(!std::filesystem::exists(folder / "out/checkpoints/last.safetensors"));
    }
}

TEST_CASE("a checkpoint of a version with other state is refused, also where changes are not") {
    const std::string forgetful =
        SPAR_ZOO_DIR "/interrupting:" SPAR_ZOO_DIR "/forgetful:" SPAR_PLUGIN_DIR;
    for (const bool forgets : {true, false}) {
        CAPTURE(forgets);
        const Folder folder;
        run({write(folder, "p.json", pipeline()), "--out", folder / "out"},
            {{"SPAR_PLUGIN_PATH", forgets ? zoo : forgetful}});
        const std::string &other = forgets ? forgetful : zoo;
        CHECK(resume(folder, other).code == 9);
        const Ended ended = resume(folder, other, "--resume=anyway");
        INFO(ended.err);
        CHECK(ended.code == 9);
        CHECK(ended.says(forgets ? "state of \"/data/train/data\", which takes none"
                                 : "holds no state of model \"remembering_model\""));
        CHECK(ended.says("train anew in another folder"));
    }
}
