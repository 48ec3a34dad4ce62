#include "config/source.hpp"

namespace spar::host {

void Origins::set(const std::string &pointer, std::shared_ptr<const Origin> origin) {
    const auto inside = [&](const auto &entry) {
        return entry->first.size() > pointer.size() && entry->first.starts_with(pointer + "/");
    };
    auto it = own_.lower_bound(pointer + "/");
    while (it != own_.end() && inside(it)) it = own_.erase(it);
    own_[pointer] = std::move(origin);
}

std::shared_ptr<const Origin> Origins::shared(const std::string &pointer) const {
    for (std::string here = pointer; !here.empty(); here.erase(here.rfind('/')))
        if (const auto found = own_.find(here); found != own_.end()) return found->second;
    if (const auto found = own_.find(""); found != own_.end()) return found->second;
    return whole_;
}

void Origins::copy(const std::string &pointer, const Origins &other,
                   const std::string &other_pointer) {
    set(pointer, other.shared(other_pointer));
    const std::string prefix = other_pointer + "/";
    const std::map<std::string, std::shared_ptr<const Origin>> theirs(
        other.own_.lower_bound(prefix), other.own_.end());
    for (const auto &[place, origin] : theirs) {
        if (!place.starts_with(prefix)) break;
        own_[pointer + place.substr(other_pointer.size())] = origin;
    }
}

}  // namespace spar::host
