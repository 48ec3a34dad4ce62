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

TEST_CASE("results.json is the host's, and nothing else is left") {
    const Folder folder;
    Told("json", folder.path().string()).finish({{"version", 1}});
    for (const auto &entry : std::filesystem::directory_iterator(folder.path()))
        CHECK(entry.path().filename() == "events.jsonl");
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
    // By its size: a reader of a file that grows faster never reaches its end.
    std::error_code not_there_yet;
    std::uintmax_t size = 0;
    for (int i = 0; i < 60000 && size < 20000; ++i) {
        usleep(1000);
        size = std::filesystem::file_size(folder / "events.jsonl", not_there_yet);
        if (not_there_yet) size = 0;
    }
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    REQUIRE(size >= 20000);
    const std::string text = events(folder);
    CHECK(text.back() == '\n');
    std::istringstream stream(text);
    std::int64_t count = 0;
    for (std::string line; std::getline(stream, line); ++count) CHECK(nlohmann::json::accept(line));
    CHECK(count > 200);
}

TEST_CASE("a resumed run keeps the events that stand and drops those that it repeats") {
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
    std::string found = events(stopped);
    CHECK(found == events(straight));

    Told evaluation("json", stopped.path().string());  // stopped during its evaluation
    evaluation.event(-1, "evaluate", "clean_accuracy", 0.9);
    found = events(stopped);
    CHECK(found.find("clean_accuracy") == found.rfind("clean_accuracy"));
}

TEST_CASE("an epoch begun where a run is resumed is reported once, and more epochs are news") {
    const Folder folder;
    const auto tell = [&](std::int64_t step, double epochs, bool begins) {
        Told told("json", folder.path().string());
        told.event(step, "train", "epochs", epochs);
        if (begins) told.event(step, "train", "epoch", static_cast<double>(step / 10));
        return step;
    };
    tell(0, 3, true);
    tell(0, 3, true);  // killed before its first checkpoint
    CHECK(events(folder) ==
          "{\"step\":0,\"path\":\"train\",\"name\":\"epochs\",\"value\":3}\n"
          "{\"step\":0,\"path\":\"train\",\"name\":\"epoch\",\"value\":0}\n");
    {
        Told told("json", folder.path().string());
        told.event(0, "train", "epochs", 3);
        told.event(0, "train", "epoch", 0);
        epoch(told, 10, 0.5);
        told.event(10, "train", "epoch", 1);
    }
    const std::string before = events(folder);
    tell(10, 3, true);
    CHECK(events(folder) == before);
    tell(15, 3, false);  // stopped in the middle of the epoch
    CHECK(events(folder) == before);
    tell(10, 5, true);
    CHECK(events(folder).find("\"name\":\"epochs\",\"value\":5}") != std::string::npos);
    CHECK(events(folder).find("\"name\":\"epoch\",\"value\":1}") ==
          events(folder).rfind("\"name\":\"epoch\",\"value\":1}"));
}

TEST_CASE("a folder that cannot be written is an error with its name, and a link is not followed") {
    const Folder folder;
    const std::string missing = folder / "missing";
    const auto failure = failure_of([&] { Told("json", missing); });
    CHECK(failure.exit() == host::Exit::storage);
    CHECK(std::string(failure.what()).find(missing + "/events.jsonl: No such file") !=
          std::string::npos);
    folder.write("victim", "precious");
    std::filesystem::create_symlink(folder / "victim", folder / "events.jsonl");
    CHECK_THROWS_AS(Told("json", folder.path().string()), host::Failure);
    CHECK(file_content(folder / "victim") == "precious");
}

TEST_CASE("it runs without being named") {
    const auto *entry = registry().find(SPAR_KIND_REPORTER, "json");
    REQUIRE(entry != nullptr);
    CHECK((entry->descriptor->flags & SPAR_COMPONENT_DEFAULT) != 0);
}
