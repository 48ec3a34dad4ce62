// Every reporter: hears a whole run, writes in the run's folder alone, and leaves standard output
// to programs on request.
#include "components.hpp"
#include "process.hpp"

#include "report/reporters.hpp"
#include "run/run.hpp"

#include <cmath>

using namespace spar;
using namespace spar::test;

namespace {

/// Results of a real run: the example of the first attack.
const host::Json &results() {
    static const Folder folder;
    static const host::Json of_run = [] {
        host::RunOptions options;
        options.out = folder / "run";
        options.terminal = false;
        return *host::run_pipeline(samples(SPAR_KIND_ATTACK).front().plan, registry(), options)
                    .results;
    }();
    return of_run;
}

std::vector<std::string> listing(const std::filesystem::path &folder) {
    std::vector<std::string> names;
    for (const auto &entry : std::filesystem::directory_iterator(folder))
        names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
}

/// Everything written to standard output while `work` runs.
template <class Work>
std::string printed_by(Work &&work) {
    const Folder folder;
    std::fflush(stdout);
    const int kept = ::dup(1);
    const int file = ::open((folder / "out").c_str(), O_CREAT | O_WRONLY, 0600);
    ::dup2(file, 1);
    std::exception_ptr thrown;
    try {
        work();
    } catch (...) {
        thrown = std::current_exception();
    }
    std::fflush(stdout);
    ::dup2(kept, 1);
    ::close(kept);
    ::close(file);
    if (thrown) std::rethrow_exception(thrown);
    return file_content(folder / "out");
}

host::Reporters alone(const Sample &sample) {
    std::vector<std::unique_ptr<host::Instance>> one;
    one.push_back(sample.make().take());
    return host::Reporters(std::move(one));
}

void hear(host::Reporters &reporters, const std::string &folder, bool terminal) {
    reporters.begin(folder, "a run", terminal);
    for (int step = 0; step < 20; ++step) reporters.event(step, "train", "loss", 1.0 / (1 + step));
    reporters.event(20, "train", "epoch_end", 0);
    reporters.event(-1, "evaluate", "clean_accuracy", 0.5);
    reporters.event(-1, "evaluate/\"odd\" <name>\n", "strange", -1e300);
    reporters.finish(results());
}

}  // namespace

TEST_CASE("writes only in the run's folder, and prints nothing for people if programs read") {
    for (const Sample &sample : samples(SPAR_KIND_REPORTER)) {
        INFO(sample.name());
        const Folder folder;
        std::filesystem::create_directories(folder.path() / "here/run");
        const std::string run = folder / "here/run";
        const auto before = listing(std::filesystem::current_path());
        auto reporters = alone(sample);
        const std::string printed = printed_by([&] { hear(reporters, run, false); });
        CHECK(printed == "");
        CHECK(listing(folder.path()) == std::vector<std::string>{"here"});
        CHECK(listing(folder.path() / "here") == std::vector<std::string>{"run"});
        CHECK(listing(std::filesystem::current_path()) == before);
    }
}

TEST_CASE("copes with NaN, and with a run without events") {
    for (const Sample &sample : samples(SPAR_KIND_REPORTER)) {
        INFO(sample.name());
        const Folder folder;
        auto reporters = alone(sample);
        reporters.begin(folder.path(), "a run", false);
        reporters.event(1, "train", "loss", std::nan(""));
        reporters.event(1, "train", "loss", HUGE_VAL);
        reporters.finish(results());
        for (const auto &file : std::filesystem::recursive_directory_iterator(folder.path()))
            if (file.path().extension() == ".json")
                CHECK(host::Json::accept(file_content(file.path().string())));
        const Folder other;
        auto silent = alone(sample);
        silent.begin(other.path(), "a run", false);
        silent.finish(results());
    }
}

TEST_CASE("reports the same run in the same bytes") {
    for (const Sample &sample : samples(SPAR_KIND_REPORTER)) {
        INFO(sample.name());
        const Folder folder;
        std::filesystem::create_directory(folder.path() / "run");
        std::vector<std::map<std::string, std::string>> written;
        std::vector<std::string> printed;
        for (int i = 0; i < 2; ++i) {
            std::filesystem::remove_all(folder.path() / "run");
            std::filesystem::create_directory(folder.path() / "run");
            auto reporters = alone(sample);
            printed.push_back(printed_by([&] { hear(reporters, folder / "run", true); }));
            auto &files = written.emplace_back();
            for (const auto &file : std::filesystem::recursive_directory_iterator(folder.path()))
                if (file.is_regular_file())
                    files[file.path().string()] = file_content(file.path().string());
        }
        CHECK((written[0] == written[1]));
        CHECK(printed[0] == printed[1]);
        CHECK(written[0].size() + printed[0].size() > 0);
    }
}

TEST_CASE("a folder that cannot be written is an error, not ignored") {
    for (const Sample &sample : samples(SPAR_KIND_REPORTER)) {
        INFO(sample.name());
        auto reporters = alone(sample);
        bool writes = false;
        try {
            const Folder folder;
            auto probe = alone(sample);
            probe.begin(folder.path(), "a run", false);
            probe.finish(results());
            writes = !listing(folder.path()).empty();
        } catch (const host::Failure &) {
            writes = true;
        }
        if (!writes) continue;
        CHECK_THROWS_AS(hear(reporters, "/nonexistent/run", false), host::Failure);
    }
}
