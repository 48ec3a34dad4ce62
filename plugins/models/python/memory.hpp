// Memory that this process and its child both map.
#pragma once

#include <cstddef>
#include <cstdint>

namespace python {

/// Every array in shared memory begins at a multiple of this.
constexpr std::size_t alignment = 64;

constexpr std::size_t aligned(std::size_t bytes) {
    return (bytes + alignment - 1) / alignment * alignment;
}

/// An unnamed file in memory and its mapping. It has no size until somebody gives it one.
class SharedMemory {
  public:
    explicit SharedMemory(const char *name);
    ~SharedMemory();
    SharedMemory(const SharedMemory &) = delete;
    SharedMemory &operator=(const SharedMemory &) = delete;

    int file() const { return file_; }
    /// Makes it at least this large. What it holds stays, at another address.
    void grow(std::size_t bytes);
    /// Maps what the child has sized; an error if that is less than `bytes`.
    void adopt(std::size_t bytes);

    std::size_t size() const { return size_; }
    std::byte *data() const { return data_; }
    template <class T>
    T *at(std::size_t offset) const {
        return reinterpret_cast<T *>(data_ + offset);
    }

  private:
    void map(std::size_t bytes);
    void unmap();

    int file_ = -1;
    std::byte *data_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace python
