// Components from the plugins that were built, made the way the host makes them.
#pragma once

#include "instances/instance.hpp"
#include "instances/services.hpp"
#include "plugins/registry.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <unistd.h>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

namespace spar::test {

/// All built plugins.
inline const host::Registry &registry() {
    static const host::Registry found =
        host::Registry::discover({SPAR_PLUGIN_DIR}, host::host_table());
    return found;
}

/// A component and the node it was made from, with the seed and the place in the pipeline that its
/// random numbers follow.
class Made {
  public:
    Made(spar_kind kind, const std::string &json, std::uint64_t seed = 1,
         const std::string &pointer = "/node")
        : node_(std::make_unique<nlohmann::ordered_json>(nlohmann::ordered_json::parse(json))),
          builder_(registry(), seed,
                   [](const std::string &, const std::string &path) { return path; }),
          instance_(builder_.build(kind, *node_, pointer)) {}

    const host::Instance &instance() const { return *instance_; }
    /// The instance, to hand it on. The node stays here.
    std::unique_ptr<host::Instance> take() { return std::move(instance_); }
    const host::Builder &builder() const { return builder_; }

  private:
    std::unique_ptr<nlohmann::ordered_json> node_;
    host::Builder builder_;
    std::unique_ptr<host::Instance> instance_;
};

/// A folder that is gone after the test.
class Folder {
  public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "spar-test-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder &) = delete;
    Folder &operator=(const Folder &) = delete;

    std::string operator/(const std::string &name) const { return (path_ / name).string(); }
    const std::filesystem::path &path() const { return path_; }

    std::string write(const std::string &name, const std::string &content) const {
        std::filesystem::remove(path_ / name);  // writing over a file waits for the disk
        std::ofstream(path_ / name, std::ios::binary) << content;
        return *this / name;
    }

  private:
    std::filesystem::path path_;
};

inline std::string file_content(const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// The folder of real data: $SPAR_DATA, otherwise data/ in the source tree.
inline std::filesystem::path data_folder() {
    const char *given = std::getenv("SPAR_DATA");
    return given != nullptr ? std::filesystem::path(given)
                            : std::filesystem::path(SPAR_SOURCE_DIR) / "data";
}

/// Whether a file of real data is there; says so where it is not.
inline bool have_data(const std::string &name) {
    const bool there = std::filesystem::exists(data_folder() / name);
    if (!there)
        MESSAGE("SKIPPED: ", (data_folder() / name).string(), " is not there; set SPAR_DATA");
    return there;
}

/// What a piece of work throws as the host's failure; a test fails where nothing is thrown.
template <class Work>
host::Failure failure_of(Work &&work) {
    try {
        work();
    } catch (const host::Failure &failure) {
        return failure;
    }
    FAIL("nothing was thrown");
    return {host::Exit::done, ""};
}

}  // namespace spar::test
