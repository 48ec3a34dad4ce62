// A run's folder on a file system that has no locks.
#include "plugin_loader.hpp"

#include "base/warnings.hpp"
#include "run/run_folder.hpp"

#include <doctest/doctest.h>
#include <sys/file.h>
#include <cerrno>
#include <nlohmann/json.hpp>

using namespace spar;

namespace {

const host::Json plan = host::Json::object();
int refusal = 0;  // errno of every flock; 0: it locks

}  // namespace

/// Found before the C library's.
extern "C" int flock(int, int) noexcept {
    errno = refusal;
    return refusal == 0 ? 0 : -1;
}

TEST_CASE("a folder that cannot be locked is used anyway, with a warning") {
    for (const int error : {ENOLCK, EOPNOTSUPP, EINVAL}) {
        const test::Folder folder;
        host::warnings().clear();
        refusal = error;
        const host::RunFolder in_use(folder / "run", plan, false);
        refusal = 0;
        REQUIRE(host::warnings().all().size() == 1);
        const host::Warning warning = host::warnings().all()[0];
        CHECK(warning.code == "folder_not_locked");
        CHECK(warning.message.find(folder / "run") != std::string::npos);
    }
    host::warnings().clear();
}

TEST_CASE("a folder that is locked is used without a warning") {
    const test::Folder folder;
    host::warnings().clear();
    const host::RunFolder in_use(folder / "run", plan, false);
    CHECK(host::warnings().all().empty());
}
