#include "base/sha256.hpp"

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <vector>

#include <sodium.h>

namespace spar::host {
namespace {

class Digest {
  public:
    Digest() { crypto_hash_sha256_init(&state_); }
    void add(const void *bytes, std::size_t size) {
        crypto_hash_sha256_update(&state_, static_cast<const unsigned char *>(bytes), size);
    }
    std::string hex() {
        unsigned char digest[crypto_hash_sha256_BYTES];
        crypto_hash_sha256_final(&state_, digest);
        char text[2 * sizeof digest + 1];
        return sodium_bin2hex(text, sizeof text, digest, sizeof digest);
    }

  private:
    crypto_hash_sha256_state state_;
};

}  // namespace

std::string sha256_of_file(const std::filesystem::path &path,
                           const std::function<void()> &between) {
    const auto close = [](std::FILE *file) { std::fclose(file); };
    const std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(path.c_str(), "rbe"), close);
    if (!file) throw std::runtime_error("cannot be read");
    Digest digest;
    std::vector<unsigned char> block(1 << 18);
    for (;;) {
        between();
        const std::size_t size = std::fread(block.data(), 1, block.size(), file.get());
        digest.add(block.data(), size);
        if (size < block.size()) break;
    }
    if (std::ferror(file.get()) != 0) throw std::runtime_error("cannot be read to its end");
    return digest.hex();
}

std::string sha256_of(std::string_view bytes) {
    Digest digest;
    digest.add(bytes.data(), bytes.size());
    return digest.hex();
}

}  // namespace spar::host
