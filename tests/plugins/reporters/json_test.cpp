#include "reporting.hpp"

#include <sys/wait.h>
#include <csignal>

using namespace spar;
using namespace spar::test;

namespace {

std::string events(const Folder &folder) {
    return file_content(folder / "events.jsonl");
}

/// The events of one epoch.
void epoch(Told &told, std::int64_t step, double loss) {
    told.event(step, "train", "loss", loss);
    told.event(step, "train", "epoch_end", static_cast<double>(step / 10 - 1));
}

}  // namespace

TEST_CASE("results.json is the document, whole, and nothing else is left") {
    const Folder folder;
    const nlohmann::ordered_json results = {{"version", 1}, {"name", "x"}, {"seed", 7}};
    Told told("json", folder.path().string());
    told.finish(results);
    CHECK(nlohmann::ordered_json::parse(file_content(folder / "results.json")) == results);
    CHECK(file_content(folder / "results.json").back() == '\n');
    for (const auto &entry : std::filesystem::directory_iterator(folder.path())) {
        const std::string name = entry.path().filename().string();
        CHECK((name == "results.json" || name == "events.jsonl"));
    }
}

TEST_CASE("an older results.json gives way") {
    const Folder folder;
    folder.write("results.json", std::string(100000, 'x'));
    Told("json", folder.path().string()).finish({{"a", 1}});
    CHECK(nlohmann::json::parse(file_content(folder / "results.json")) == nlohmann::json{{"a", 1}});
}

TEST_CASE("every event is a line at once, in order") {
    const Folder folder;
    Told told("json", folder.path().string());
    told.event(0, "train", "epochs", 3);
    CHECK(events(folder) == R"({"step":0,"path":"train","name":"epochs","value":3})"
                            "\n");
    told.event(10, "train", "loss", 0.1);
    told.event(-1, "evaluate/a \"b\"\n", "seconds", std::numeric_limits<double>::quiet_NaN());
    std::vector<nlohmann::json> lines;
    std::istringstream text(events(folder));
    for (std::string line; std::getline(text, line);) lines.push_back(nlohmann::json::parse(line));
    REQUIRE(lines.size() == 3);
    CHECK(lines[1] ==
          nlohmann::json{{"step", 10}, {"path", "train"}, {"name", "loss"}, {"value", 0.1}});
    CHECK(lines[2]["path"] == "evaluate/a \"b\"\n");
    CHECK(lines[2]["value"].is_null());
}

TEST_CASE("a killed run keeps complete lines") {
    const Folder folder;
    registry();  // before the fork, which must not load anything
    const pid_t child = fork();
    if (child == 0) {
        Told told("json", folder.path().string());
        for (std::int64_t step = 10;; step += 10) epoch(told, step, 1);
    }
    while (events(folder).size() < 20000) usleep(1000);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    const std::string text = events(folder);
    CHECK(text.back() == '\n');
    std::istringstream stream(text);
    std::int64_t count = 0;
    for (std::string line; std::getline(stream, line); ++count) CHECK(nlohmann::json::accept(line));
    CHECK(count > 200);
}

TEST_CASE("a run that goes on keeps what stands and drops what it does again") {
    const Folder straight, stopped;
    {
        Told told("json", straight.path().string());
        told.event(0, "train", "epochs", 3);
        for (const std::int64_t step : {10, 20, 30}) epoch(told, step, 0.5);
        told.event(-1, "evaluate", "clean_accuracy", 0.9);
    }
    {
        Told told("json", stopped.path().string());
        told.event(0, "train", "epochs", 3);
        epoch(told, 10, 0.5);
        told.event(20, "train", "loss", 7);  // after the checkpoint of step 10
    }
    {
        std::ofstream half(stopped / "events.jsonl", std::ios::app);
        half << R"({"step":20,"pa)";
    }
    Told told("json", stopped.path().string());
    told.event(10, "train", "epochs", 3);
    for (const std::int64_t step : {20, 30}) epoch(told, step, 0.5);
    told.event(-1, "evaluate", "clean_accuracy", 0.9);
    const std::string again = R"({"step":10,"path":"train","name":"epochs","value":3})"
                              "\n";
    std::string found = events(stopped);
    REQUIRE(found.find(again) != std::string::npos);
    CHECK(found.erase(found.find(again), again.size()) == events(straight));

    Told evaluation("json", stopped.path().string());  // stopped during its evaluation
    evaluation.event(-1, "evaluate", "clean_accuracy", 0.9);
    found = events(stopped);
    CHECK(found.find("clean_accuracy") == found.rfind("clean_accuracy"));
}

TEST_CASE("a folder that cannot be written is an error with its name") {
    const Folder folder;
    const std::string missing = folder / "missing";
    const auto failure = failure_of([&] { Told("json", missing); });
    CHECK(failure.exit() == host::Exit::storage);
    CHECK(std::string(failure.what()).find(missing + "/events.jsonl: No such file") !=
          std::string::npos);

    Told told("json", folder.path().string());
    std::filesystem::create_directory(folder / "results.json");
    CHECK_THROWS_AS(told.finish({{"a", 1}}), host::Failure);
    CHECK_FALSE(std::filesystem::exists(folder / "results.json.new"));
}

TEST_CASE("it runs without being named") {
    const auto *entry = registry().find(SPAR_KIND_REPORTER, "json");
    REQUIRE(entry != nullptr);
    CHECK((entry->descriptor->flags & SPAR_COMPONENT_DEFAULT) != 0);
}
