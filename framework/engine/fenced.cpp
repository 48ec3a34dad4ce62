#include "engine/fenced.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <new>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#define SPAR_ADDRESS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SPAR_ADDRESS_SANITIZED 1
#endif
#endif
#if defined(SPAR_ADDRESS_SANITIZED)
#include <sanitizer/asan_interface.h>
#endif

namespace spar::host {
namespace {

constexpr std::size_t fence = 1024, hidden = 64U << 10, alignment = 64;

/// The content of a fence of any length, at any address: no byte equals its neighbour, and few have
/// values with which memory is filled by mistake.
constexpr std::array<std::byte, fence + 2 *alignment> pattern = [] {
    std::array<std::byte, fence + 2 * alignment> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<std::byte>((i % alignment * 37 + 0x9d) & 0xff);
    return bytes;
}();

/// The expected content.
const std::byte *known(std::span<std::byte> side) {
    return &pattern[reinterpret_cast<std::uintptr_t>(side.data()) % alignment];
}

std::size_t first_difference(std::span<std::byte> side) {
    return static_cast<std::size_t>(std::mismatch(side.begin(), side.end(), known(side)).first -
                                    side.begin());
}

std::size_t last_difference(std::span<std::byte> side) {
    std::size_t last = side.size() - 1;
    while (side[last] == known(side)[last]) --last;
    return last;
}

std::size_t round_up(std::size_t size, std::size_t to) {
    return (size + to - 1) / to * to;
}

using Region = FencedMemory::Region;

std::span<std::byte> fence_before(const Region &region) {
    return {region.data - fence, fence};
}
std::span<std::byte> fence_behind(const Region &region) {
    return {region.data + region.size, region.end};
}

/// A sanitizer reports the line that touches a fence at once.
void watch([[maybe_unused]] const Region &region, [[maybe_unused]] bool on) {
#if defined(SPAR_ADDRESS_SANITIZED)
    for (const std::span<std::byte> side : {fence_before(region), fence_behind(region)})
        on ? __asan_poison_memory_region(side.data(), side.size())
           : __asan_unpoison_memory_region(side.data(), side.size());
#endif
}

std::mutex mutex;

/// Sorted by address.
std::vector<const Region *> &regions() {
    static auto &all = *new std::vector<const Region *>;  // outlives all its users
    return all;
}

Region *make_region(std::size_t bytes) {
    static const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const std::size_t room = round_up(bytes + 2 * fence + alignment, page);
    void *const memory = ::mmap(nullptr, room + 2 * hidden, PROT_NONE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    std::byte *const begin = static_cast<std::byte *>(memory) + hidden;
    if (::mprotect(begin, room, PROT_READ | PROT_WRITE) != 0) {
        ::munmap(memory, room + 2 * hidden);
        throw std::bad_alloc();
    }
    auto *const region = new Region{begin, begin + room, begin + fence, 0};
    const std::lock_guard lock(mutex);
    regions().insert(std::ranges::upper_bound(regions(), begin, {}, &Region::begin), region);
    return region;
}

void give_back(Region *region) {
    watch(*region, false);
    const std::lock_guard lock(mutex);
    std::erase(regions(), region);
    ::munmap(region->begin - hidden,
             static_cast<std::size_t>(region->end - region->begin) + 2 * hidden);
    delete region;
}

const Region *region_of(const void *address) {
    const auto *const at = static_cast<const std::byte *>(address);
    const std::lock_guard lock(mutex);
    const auto next = std::ranges::upper_bound(regions(), at, {}, &Region::begin);
    if (next == regions().begin() || at >= next[-1]->end) return nullptr;
    return next[-1];
}

}  // namespace

FencedMemory::~FencedMemory() {
    if (region_ != nullptr) give_back(region_);
}

void FencedMemory::resize(std::size_t bytes) {
    if (region_ == nullptr && bytes == 0) return;
    const auto fits = [&] {
        return bytes + 2 * fence + alignment <=
               static_cast<std::size_t>(region_->end - region_->begin);
    };
    if (region_ == nullptr || !fits()) {
        Region *const larger = make_region(bytes);
        if (region_ != nullptr) give_back(region_);
        region_ = larger;
    }
    watch(*region_, false);
    region_->data = region_->end - round_up(bytes + fence, alignment);
    region_->size = bytes;
    for (const std::span<std::byte> side : {fence_before(*region_), fence_behind(*region_)})
        std::memcpy(side.data(), known(side), side.size());
    watch(*region_, true);
}

FencedMemory::Breach FencedMemory::Region::breach() const {
    watch(*this, false);
    Breach breach;
    const std::span<std::byte> before = fence_before(*this), behind = fence_behind(*this);
    if (std::memcmp(before.data(), known(before), before.size()) != 0)
        breach.before = before.size() - first_difference(before);
    if (std::memcmp(behind.data(), known(behind), behind.size()) != 0)
        breach.behind = last_difference(behind) + 1;
    watch(*this, true);
    return breach;
}

void check_ends(const Instance &whose, const char *what, std::initializer_list<GivenArray> arrays) {
    for (const GivenArray &array : arrays) {
        const Region *const region = array.data != nullptr ? region_of(array.data) : nullptr;
        if (region == nullptr) continue;
        const auto [before, behind] = region->breach();
        if (before == 0 && behind == 0) continue;
        throw Failure(Exit::plugin,
                      fmt::format("#{}: {}, or a component that was given to it, wrote past the "
                                  "{} of {} in {}: {} bytes {} an array of {} bytes. The run stops "
                                  "here; the plugin must keep inside of what it is given",
                                  whose.pointer(), whose.label(), behind > 0 ? "end" : "begin",
                                  array.name, what, behind > 0 ? behind : before,
                                  behind > 0 ? "after" : "before", region->size));
    }
}

}  // namespace spar::host
