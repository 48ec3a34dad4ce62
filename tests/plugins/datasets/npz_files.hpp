// Zip archives and NPY arrays for tests, written byte by byte.
#pragma once

#include "open.hpp"

#include <zlib.h>

namespace spar::test {

/// A number in `size` bytes, the least significant first.
inline std::string little(std::uint64_t value, int size) {
    std::string text;
    for (int i = 0; i < size; ++i) text += static_cast<char>(value >> (8 * i) & 255U);
    return text;
}

struct Member {
    std::string name, content;
    std::uint32_t claimed_size = 0;  /// 0: the true one
};

/// A zip archive of stored members.
inline std::string zip(const std::vector<Member> &members) {
    std::string archive, directory;
    for (const Member &m : members) {
        const auto size = static_cast<std::uint32_t>(m.content.size());
        const auto crc = crc32(0, reinterpret_cast<const Bytef *>(m.content.data()), size);
        const std::string shared = little(20, 2) + little(0, 2) + little(0, 2) + little(0, 4) +
                                   little(crc, 4) + little(size, 4) +
                                   little(m.claimed_size != 0 ? m.claimed_size : size, 4) +
                                   little(m.name.size(), 2) + little(0, 2);
        directory += little(0x02014b50, 4) + little(20, 2) + shared + little(0, 2) + little(0, 2) +
                     little(0, 2) + little(0, 4) + little(archive.size(), 4) + m.name;
        archive += little(0x04034b50, 4) + shared + m.name + m.content;
    }
    return archive + directory + little(0x06054b50, 4) + little(0, 4) + little(members.size(), 2) +
           little(members.size(), 2) + little(directory.size(), 4) + little(archive.size(), 4) +
           little(0, 2);
}

/// An NPY array with this header and these elements.
inline std::string npy(const std::string &header, const std::string &elements, int version = 1) {
    return std::string("\x93NUMPY") + static_cast<char>(version) + '\0' +
           little(header.size(), version == 1 ? 2 : 4) + header + elements;
}

inline std::string header(const std::string &descr, const std::string &shape,
                          const std::string &fortran = "False") {
    return "{'descr': '" + descr + "', 'fortran_order': " + fortran + ", 'shape': " + shape +
           ", }\n";
}

/// Three examples of two bytes, and their labels.
inline const std::string x_bytes = bytes({0, 51, 102, 153, 204, 255});
inline const std::string good_x = npy(header("|u1", "(3, 2)"), x_bytes);
inline const std::string good_y =
    npy(header("<i8", "(3,)"), little(0, 8) + little(2, 8) + little(1, 8));

inline std::string npz_node(const std::string &file, const std::string &more = "") {
    return R"({"type":"npz","file":")" + file + "\"" + more + "}";
}

}  // namespace spar::test
