// IDX files and gzip streams for tests, right and wrong ones.
#pragma once

#include "open.hpp"

#include <zlib.h>
#include <cstring>

namespace spar::test {

inline std::string big_endian(std::uint32_t value) {
    return bytes({static_cast<int>(value >> 24), static_cast<int>(value >> 16 & 255U),
                  static_cast<int>(value >> 8 & 255U), static_cast<int>(value & 255U)});
}

inline std::string idx_header(int type, const std::vector<std::uint32_t> &shape) {
    std::string text = bytes({0, 0, type, static_cast<int>(shape.size())});
    for (const std::uint32_t extent : shape) text += big_endian(extent);
    return text;
}

inline std::string gzip(const std::string &content) {
    z_stream stream{};
    REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) == Z_OK);
    std::string packed(deflateBound(&stream, content.size()) + 64, '\0');
    stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(content.data()));
    stream.avail_in = static_cast<uInt>(content.size());
    stream.next_out = reinterpret_cast<Bytef *>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

/// Three images of 2x2 bytes, and their labels.
inline const std::string three_images =
    idx_header(8, {3, 2, 2}) + bytes({0, 51, 102, 153, 204, 255, 1, 2, 3, 4, 5, 6});
inline const std::string three_labels = idx_header(8, {3}) + bytes({0, 2, 1});

inline std::string idx_node(const std::string &images, const std::string &labels,
                            const std::string &more = "") {
    return R"({"type":"idx","images":")" + images + R"(","labels":")" + labels + "\"" + more + "}";
}

/// A pair of IDX files in a folder of their own.
class IdxPair {
  public:
    explicit IdxPair(const std::string &images, const std::string &labels = three_labels)
        : images_(folder_.write("images", images)), labels_(folder_.write("labels", labels)) {}

    std::string node(const std::string &more = "") const {
        return idx_node(images_, labels_, more);
    }
    const std::string &images() const { return images_; }
    const std::string &labels() const { return labels_; }
    const Folder &folder() const { return folder_; }

  private:
    Folder folder_;
    std::string images_, labels_;
};

}  // namespace spar::test
