// The log of an evaluation: what it holds survives any end of the process, and nothing else does.
#include "run/examples_log.hpp"

#include "plugin_loader.hpp"

#include <cstring>

using namespace spar::test;
using spar::host::ExampleResult;
using spar::host::ExamplesLog;
using spar::host::Json;

namespace {

const Json header = {{"version", 1}, {"model", "abc"}};

ExampleResult result(std::int64_t attack, std::int64_t row) {
    ExampleResult r;
    r.attack = attack;
    r.row = row;
    r.distance = 0.25 * static_cast<double>(row);
    r.broken = row % 2;
    return r;
}

std::vector<float> floats(std::int64_t row) {
    return {static_cast<float>(row), 1.5F, -2};
}

/// A log of six examples; where each ends in the file.
std::vector<std::uintmax_t> fill(const std::string &path) {
    ExamplesLog log(path, header, 3);
    std::vector<std::uintmax_t> ends{std::filesystem::file_size(path)};
    for (std::int64_t row = 0; row < 6; ++row) {
        log.append(result(row < 3 ? -1 : 0, row % 3), floats(row % 3));
        log.write();
        ends.push_back(std::filesystem::file_size(path));
    }
    return ends;
}

std::int64_t held(const std::string &path) {
    const ExamplesLog log(path, header, 3);
    std::int64_t count = 0;
    for (const int attack : {-1, 0})
        for (std::int64_t row = 0; row < 3; ++row) {
            const ExampleResult *found = log.find(attack, row);
            if (found == nullptr) continue;
            ++count;
            CHECK(std::memcmp(found, std::vector{result(attack, row)}.data(), sizeof *found) == 0);
            std::vector<float> values(3);
            log.read(log.place_of(attack, row), values);
            CHECK(values == floats(row));
        }
    return count;
}

}  // namespace

TEST_CASE("cut anywhere, it keeps every complete example before, and continues") {
    const Folder folder;
    const std::string path = folder / "log";
    const auto ends = fill(path);
    const std::string whole = file_content(path);
    CHECK(held(path) == 6);
    for (std::size_t size = 0; size <= whole.size(); size += 3) {
        folder.write("log", whole.substr(0, size));
        std::int64_t expected = 0;
        for (std::size_t i = 1; i < ends.size(); ++i) expected += ends[i] <= size ? 1 : 0;
        CHECK(held(path) == expected);
    }
    folder.write("log", whole.substr(0, whole.size() - 1));
    {
        ExamplesLog log(path, header, 3);
        log.append(result(0, 2), floats(2));
        log.write();
    }
    CHECK(file_content(path) == whole);
}

TEST_CASE("a flipped bit costs the examples from there on, and no other") {
    const Folder folder;
    const std::string path = folder / "log";
    const auto ends = fill(path);
    const std::string whole = file_content(path);
    for (std::size_t at = 0; at < whole.size(); at += 7) {
        std::string flipped = whole;
        flipped[at] = static_cast<char>(flipped[at] ^ 4);
        folder.write("log", flipped);
        std::int64_t expected = 0;
        for (std::size_t i = 1; i < ends.size(); ++i) expected += ends[i] <= at ? 1 : 0;
        CHECK(held(path) == expected);
    }
    folder.write("log", whole + std::string(100000, '\xff'));
    CHECK(held(path) == 6);
}

TEST_CASE("the log of something else is begun anew") {
    const Folder folder;
    const std::string path = folder / "log";
    fill(path);
    CHECK(ExamplesLog::header_of(path) == header);
    CHECK(ExamplesLog::header_of(folder / "missing").is_null());
    {
        const ExamplesLog log(path, {{"version", 1}, {"model", "other"}}, 3);
        CHECK(log.find(0, 0) == nullptr);
    }
    CHECK(held(path) == 0);
    folder.write("victim", "precious");
    std::filesystem::create_symlink(folder / "victim", folder / "link");
    CHECK_THROWS_AS(ExamplesLog(folder / "link", header, 3), spar::host::Failure);
    CHECK(file_content(folder / "victim") == "precious");
}

TEST_CASE("the stages of an attack are kept beside its examples") {
    const spar::test::Folder folder;
    const std::string path = folder / "log";
    {
        ExamplesLog log(path, header, 0);
        log.note_stages(0, {"1 fgsm"});
        log.note_stages(0, {"1 fgsm", "2 pgd"});
        log.append(result(0, 0), {});
        log.note_stages(0, {"1 fgsm"});  // a batch that came less far
        log.write();
    }
    const ExamplesLog log(path, header, 0);
    CHECK(log.stages_of(0) == std::vector<std::string>{"1 fgsm", "2 pgd"});
    CHECK(log.stages_of(1).empty());
    CHECK(log.find(0, 0) != nullptr);
}
