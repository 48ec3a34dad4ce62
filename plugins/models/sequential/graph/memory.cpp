#include "graph/memory.hpp"

#include <cstring>

namespace sequential {

Block::Block(std::size_t bytes) : size_((bytes + 4095) / 4096 * 4096) {
    if (size_ == 0) return;
    bytes_.reset(static_cast<std::byte *>(std::aligned_alloc(4096, size_)));
    if (!bytes_) throw std::bad_alloc();
    std::memset(bytes_.get(), 0, size_);
}

}  // namespace sequential
