#include "instances/blame.hpp"

#include <spar/error.hpp>

#include <fmt/format.h>
#include <mutex>
#include <set>

namespace spar::host {
namespace {

std::mutex mutex;

std::set<std::string, std::less<>> &places() {
    static std::set<std::string, std::less<>> written;
    return written;
}

}  // namespace

spar_status blame(const Instance &owner, const char *what, spar_status status, spar_error *error) {
    if (error == nullptr) return status;
    const std::string inside(error->pointer, strnlen(error->pointer, sizeof error->pointer));
    if (is_blamed(inside)) return status;
    const std::string message(error->message, strnlen(error->message, sizeof error->message));
    const std::string place =
        "#" + owner.pointer() + (inside.starts_with('/') ? inside : std::string());
    const std::string text =
        fmt::format("{} ({} of {})", message.empty() ? "failed without saying why" : message, what,
                    owner.label());
    fill(error, status, text, place);
    const std::lock_guard lock(mutex);
    places().insert(error->pointer);
    return status;
}

bool is_blamed(std::string_view place) {
    if (!place.starts_with('#')) return false;
    const std::lock_guard lock(mutex);
    return places().contains(place);
}

}  // namespace spar::host
