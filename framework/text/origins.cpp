#include "text/source.hpp"

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
    std::vector<std::pair<std::string, std::shared_ptr<const Origin>>> inside;
    for (auto it = other.own_.lower_bound(prefix);
         it != other.own_.end() && it->first.starts_with(prefix); ++it)
        inside.emplace_back(pointer + it->first.substr(other_pointer.size()), it->second);
    for (auto &[place, origin] : inside) own_[place] = std::move(origin);
}

}  // namespace spar::host
