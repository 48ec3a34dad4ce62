#include "memory.hpp"

#include <spar/error.hpp>

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <string>

namespace python {
namespace {

[[noreturn]] void fail(const char *what, std::size_t bytes) {
    throw spar::Error(SPAR_E_MEMORY, std::string(what) + " " + std::to_string(bytes) +
                                         " bytes of shared memory failed: " + std::strerror(errno) +
                                         "; try smaller batches");
}

}  // namespace

SharedMemory::SharedMemory(const char *name) : file_(::memfd_create(name, MFD_CLOEXEC)) {
    if (file_ < 0) fail("making", 0);
}

SharedMemory::~SharedMemory() {
    unmap();
    ::close(file_);
}

void SharedMemory::unmap() {
    if (data_ != nullptr) ::munmap(data_, size_);
    data_ = nullptr;
    size_ = 0;
}

void SharedMemory::map(std::size_t bytes) {
    unmap();
    if (bytes == 0) return;
    void *const at = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file_, 0);
    if (at == MAP_FAILED) fail("mapping", bytes);
    data_ = static_cast<std::byte *>(at);
    size_ = bytes;
}

void SharedMemory::grow(std::size_t bytes) {
    if (bytes <= size_) return;
    if (::ftruncate(file_, static_cast<off_t>(bytes)) != 0) fail("reserving", bytes);
    map(bytes);
}

void SharedMemory::adopt(std::size_t bytes) {
    struct stat there {};
    if (::fstat(file_, &there) != 0 || static_cast<std::size_t>(there.st_size) < bytes)
        throw spar::Error(SPAR_E_INTERNAL, "the shared memory is smaller than agreed");
    map(bytes);
}

}  // namespace python
