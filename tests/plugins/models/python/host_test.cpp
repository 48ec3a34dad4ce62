// The child when the host dies, is stopped, or has files of its own.
#include "process.hpp"

#include <unistd.h>
#include <csignal>
#include <sstream>

using namespace spar::test;

namespace {

/// Writes the numbers of its process, of its parent and of the files that it holds, then waits.
const std::string waiting = R"(
import os, time
def net(x):
    with open("/proc/self/stat") as file: pass
    here = os.path.dirname(__file__)
    links = []
    for file in os.listdir("/proc/self/fd"):
        try: links.append(os.readlink("/proc/self/fd/" + file))
        except OSError: pass
    open(here + "/files", "w").write("\n".join(links))
    open(here + "/now", "w").write(f"{os.getpid()} {os.getppid()}")
    os.rename(here + "/now", here + "/pids")
    while True: pass
)";

const std::string pipeline = R"({"version": 2, "name": "p",
    "data": {"test": {"type": "digits", "examples": 9}},
    "model": {"type": "python", "call": "net.py:net", "arrays": "memoryview"}, "evaluate": {}})";

/// The command, waiting in its net; killed with the object.
class Run {
  public:
    Run() {
        folder_.write("net.py", waiting);
        const std::string file = folder_.write("p.json", pipeline);
        pid_ = ::fork();
        REQUIRE(pid_ >= 0);
        if (pid_ == 0) {
            ::setenv("SPAR_PLUGIN_PATH", SPAR_PLUGIN_DIR, 1);
            ::setenv("XDG_DATA_HOME", "/nonexistent", 1);
            ::open("/dev/null", O_RDONLY);  // of the caller, without close-on-exec
            ::execl(SPAR_BINARY, "spar", "run", file.c_str(), "--quiet", "--out",
                    (folder_ / "out").c_str(), nullptr);
            ::_exit(127);
        }
        for (int i = 0; i < 600 && !std::filesystem::exists(folder_ / "pids"); ++i) pause();
        std::istringstream(file_content(folder_ / "pids")) >> child >> worker;
        REQUIRE(child > 1);
        REQUIRE(worker > 1);
    }
    ~Run() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    Run(const Run &) = delete;
    Run &operator=(const Run &) = delete;

    static void pause() { std::this_thread::sleep_for(std::chrono::milliseconds(100)); }
    static bool gone(pid_t pid) {
        for (int i = 0; i < 50; ++i) {
            if (::kill(pid, 0) != 0) return true;
            const std::string stat = file_content("/proc/" + std::to_string(pid) + "/stat");
            if (stat.find(") Z ") != std::string::npos) return true;  // nobody waits for it here
            pause();
        }
        return false;
    }
    std::string files() const { return file_content(folder_ / "files"); }

    pid_t child = 0, worker = 0;

  private:
    Folder folder_;
    pid_t pid_ = -1;
};

}  // namespace

TEST_CASE("a child that computes dies with a host that is killed") {
    const Run run;
    CHECK(::kill(run.child, 0) == 0);
    ::kill(run.worker, SIGKILL);
    CHECK(Run::gone(run.child));
}

TEST_CASE(
    "signals to the host's group do not reach the child, and it has none of the host's files") {
    const Run run;
    CHECK(::getpgid(run.child) == run.child);
    CHECK(::getpgid(run.worker) != run.child);
    const std::string files = run.files();
    INFO(files);
    CHECK(files.find("out/") == std::string::npos);
    CHECK(files.find("spar tape") != std::string::npos);
    std::istringstream lines(files);
    int nothing = 0;
    for (std::string line; std::getline(lines, line);) nothing += line == "/dev/null" ? 1 : 0;
    CHECK(nothing <= 1);
}
