"""What ``<features>`` says: libvirt goes through all of it, and the last element of a name counts."""

from domlint.document import Element


def features_of(domain: Element) -> dict[str, Element]:
    """The features by name, the last of each.

    Source: libvirt 11.3.0 src/conf/domain_conf.c (virDomainFeaturesDefParse).
    """
    return {
        feature.tag: feature for features in domain.iterchildren("features") for feature in features.iterchildren("{}*")
    }
