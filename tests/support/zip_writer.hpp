// Archives written by hand, so that tests can make ones that no program would.
#pragma once

#include <doctest/doctest.h>
#include <zip.h>
#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace spar::test {

using Members = std::vector<std::pair<std::string, std::string>>;

/// A zip archive of stored members, their checksums right.
inline std::string stored_zip(const Members &members) {
    std::string file, directory;
    const auto put = [](std::string &to, std::uint64_t value, std::size_t width) {
        for (std::size_t i = 0; i < width; ++i)
            to += i < 8 ? static_cast<char>(value >> (8 * i)) : char{};
    };
    const auto describe = [&](std::string &to, const std::string &name,
                              const std::string &content) {
        put(to, 0, 2);  // no flags, stored, and a fixed time
        put(to, 0, 2);
        put(to, 0x00210000, 4);
        put(to,
            ::crc32(0, reinterpret_cast<const Bytef *>(content.data()),
                    static_cast<uInt>(content.size())),
            4);
        put(to, content.size(), 4);
        put(to, content.size(), 4);
        put(to, name.size(), 2);
        put(to, 0, 2);
    };
    for (const auto &[name, content] : members) {
        const std::size_t at = file.size();
        put(file, 0x04034B50, 4);
        put(file, 20, 2);
        describe(file, name, content);
        file += name + content;
        put(directory, 0x02014B50, 4);
        put(directory, 20, 2);
        put(directory, 20, 2);
        describe(directory, name, content);
        put(directory, 0, 10);
        put(directory, at, 4);
        directory += name;
    }
    const std::size_t at = file.size();
    file += directory;
    put(file, 0x06054B50, 4);
    put(file, 0, 4);
    put(file, members.size(), 2);
    put(file, members.size(), 2);
    put(file, directory.size(), 4);
    put(file, at, 4);
    put(file, 0, 2);
    return file;
}

/// The members of an archive.
inline Members members_of(const std::string &path) {
    int code = 0;
    zip_t *archive = zip_open(path.c_str(), ZIP_RDONLY, &code);
    REQUIRE(archive != nullptr);
    Members members;
    for (zip_uint64_t i = 0; i < static_cast<zip_uint64_t>(zip_get_num_entries(archive, 0)); ++i) {
        zip_stat_t stat;
        REQUIRE(zip_stat_index(archive, i, 0, &stat) == 0);
        std::string content(stat.size, '\0');
        zip_file_t *file = zip_fopen_index(archive, i, 0);
        REQUIRE(zip_fread(file, content.data(), content.size()) ==
                static_cast<zip_int64_t>(content.size()));
        zip_fclose(file);
        members.emplace_back(stat.name, content);
    }
    zip_discard(archive);
    return members;
}

/// The content of the member whose name ends so.
inline std::string &member(Members &members, const std::string &end) {
    for (auto &[name, content] : members)
        if (name.ends_with(end)) return content;
    FAIL("there is no member ", end);
    return members.front().second;
}

}  // namespace spar::test
